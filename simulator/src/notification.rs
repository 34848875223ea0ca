//! What Alipay has to say about a trade, before it is signed.

use alipay::{Charset, Fen, Protocol, Signer};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

use crate::{SignError, SignedNotification};

/// What made Alipay send a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotificationKind {
    /// The buyer has opened the trade: `WAIT_BUYER_PAY`.
    Wait,
    /// Paid, but the seller's account cannot receive yet: `TRADE_PENDING`.
    Pending,
    /// Paid and refundable: `TRADE_SUCCESS`.
    Pay,
    /// Paid to an account without refunds: `TRADE_FINISHED` at once.
    PayFinished,
    /// Refunded in part or in full.
    Refund,
    /// The legacy gateway's `batch_refund_notify`.
    BatchRefund,
    /// A refund that came to nothing: `REFUND_CLOSED`.
    RefundClosed,
    /// Closed without payment: `TRADE_CLOSED`.
    Close,
    /// Closed after a payment, without a word about a refund: `TRADE_CLOSED`.
    CloseAfterPayment,
    /// The refund period is over: `TRADE_FINISHED`.
    Finish,
}

impl NotificationKind {
    /// The word used in output and in the ledger, for example `batch_refund`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One event of a trade with the parameters in which Alipay tells it, as text and unsigned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnsignedNotification {
    /// What happened.
    pub kind: NotificationKind,
    /// The protocol that the parameters belong to.
    pub protocol: Protocol,
    /// The order it is about; a `batch_refund_notify` does not carry it.
    pub out_trade_no: String,
    /// The identity of the event: repeats keep it, other events of the trade have another.
    pub notify_id: String,
    /// The time of the delivery attempt.
    pub notify_time: DateTime<Utc>,
    /// The charset of the body.
    pub charset: Charset,
    /// Names and values in the order in which they are sent; `sign` and `sign_type` are empty.
    pub(crate) parameters: Vec<(String, String)>,
}

impl UnsignedNotification {
    /// The value of a parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Names and values in the order in which they are sent; `sign` and `sign_type` are empty.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The same notification with a parameter replaced or, where there was none, added at the end.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> UnsignedNotification {
        match self.parameters.iter_mut().find(|(other, _)| other == name) {
            Some((_, old)) => *old = value.into(),
            None => self.parameters.push((name.to_owned(), value.into())),
        }
        self
    }

    /// The same notification without a parameter.
    #[must_use]
    pub fn without(mut self, name: &str) -> UnsignedNotification {
        self.parameters.retain(|(other, _)| other != name);
        self
    }

    /// A fault: the notification has another total. A `batch_refund_notify` has no total.
    #[must_use]
    pub fn wrong_amount(mut self, total: Fen) -> UnsignedNotification {
        for name in ["total_fee", "price", "total_amount"] {
            if self.parameter(name).is_some() {
                self = self.with(name, total.to_string());
            }
        }
        self
    }

    /// A fault: the notification is for another merchant, which proves why a valid signature is
    /// not enough. The Open Platform's names another app, the legacy one another seller. A
    /// `batch_refund_notify` names neither.
    #[must_use]
    pub fn wrong_merchant(mut self) -> UnsignedNotification {
        let wrong = match self.protocol {
            Protocol::Openapi => {
                [("app_id", "2021000000000000"), ("auth_app_id", "2021000000000000")]
            }
            Protocol::Mapi => {
                [("seller_id", "2088000000009999"), ("seller_email", "other@example.com")]
            }
        };
        for (name, value) in wrong {
            if self.parameter(name).is_some() {
                self = self.with(name, value);
            }
        }
        self
    }

    /// The same notification in another charset; the Open Platform's says so itself.
    #[must_use]
    pub fn in_charset(mut self, charset: Charset) -> UnsignedNotification {
        self.charset = charset;
        match self.parameter("charset") {
            Some(_) => self.with("charset", charset.name().to_uppercase()),
            None => self,
        }
    }

    /// Signs the notification as it is.
    ///
    /// # Errors
    /// [`SignError`] when a text does not exist in the charset, or the key cannot sign.
    pub fn sign(self, signer: &Signer) -> Result<SignedNotification, SignError> {
        SignedNotification::new(self, signer.clone())
    }
}

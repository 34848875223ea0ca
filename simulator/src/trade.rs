//! A trade as Alipay keeps it.

mod ending;
mod payment;
mod refund;

use alipay::{Fen, Protocol, format_beijing};
use chrono::{DateTime, Utc};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub use self::refund::RefundNotifications;
use crate::{MerchantIdentity, NotificationKind, UnsignedNotification, mapi, openapi};

/// The state of a trade, in Alipay's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Nobody has paid yet.
    WaitBuyerPay,
    /// Paid, but the seller's account cannot receive yet.
    TradePending,
    /// Paid and refundable.
    TradeSuccess,
    /// Paid and no longer refundable.
    TradeFinished,
    /// Closed: unpaid, or refunded in full.
    TradeClosed,
}

impl Status {
    /// The word on the wire, for example `TRADE_SUCCESS`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Who pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The account number, 16 digits that begin with 2088.
    pub id: String,
    /// The account, a mail address or a phone number; the Open Platform masks it.
    pub account: String,
}

/// Money that went back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastRefund {
    /// The merchant's number for it: `out_biz_no`, at the legacy gateway `batch_no`.
    pub request_no: String,
    /// This refund's amount, not the running total.
    pub amount: Fen,
    /// When.
    pub gmt_refund: DateTime<Utc>,
}

/// One payment of one order, as Alipay keeps it.
///
/// Every step returns the notification that Alipay would send about it, and takes its time as an
/// argument. Steps that Alipay would refuse are errors and change nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlipayTrade {
    /// Whose order it pays.
    pub merchant: MerchantIdentity,
    /// The merchant's order number.
    pub out_trade_no: String,
    /// Alipay's number: 28 digits that begin with the date in Beijing.
    pub trade_no: String,
    /// What is paid.
    pub total: Fen,
    /// The title of the order; Chinese, so that the charset matters.
    pub subject: String,
    /// The description, where the merchant gave one; the subject stands in for it.
    #[serde(default)]
    pub body: Option<String>,
    /// What the merchant wants returned: `extra_common_param`, `passback_params`.
    #[serde(default)]
    pub passback: Option<String>,
    /// Who pays.
    pub buyer: Buyer,
    /// Its state.
    pub status: Status,
    /// When it is closed if nobody has paid: a [`TimeLimit`](crate::TimeLimit). None: never.
    #[serde(default)]
    pub pay_until: Option<DateTime<Utc>>,
    /// Whether Alipay tells when nobody paid in time: it does for a page on a phone, and not for
    /// one on a computer or of the legacy gateway. (docs/protocol.md §8.1, §8.3)
    #[serde(default)]
    pub tells_timeout: bool,
    /// When it was opened.
    pub gmt_create: DateTime<Utc>,
    /// When it was paid.
    pub gmt_payment: Option<DateTime<Utc>>,
    /// When it was closed or finished.
    pub gmt_close: Option<DateTime<Utc>>,
    /// Every refund, oldest first.
    pub refunds: Vec<PastRefund>,
    /// How many notifications it has caused; makes their ids differ.
    notifications: u64,
}

/// Why Alipay would refuse a step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TradeError {
    /// The trade does not stand where the step begins.
    #[error("{step} is impossible: the trade of order {out_trade_no} is {}", status.name())]
    NotNow {
        /// The step that was asked for.
        step: &'static str,
        /// The order.
        out_trade_no: String,
        /// The state of the trade.
        status: Status,
    },
    /// The time to pay is over.
    #[error("the time to pay order {out_trade_no} was over at {}", format_beijing(*until))]
    TooLate {
        /// The order.
        out_trade_no: String,
        /// The last moment.
        until: DateTime<Utc>,
    },
    /// More than what is left, or nothing at all.
    #[error("a refund of {asked} is impossible: {left} of order {out_trade_no} can be refunded")]
    RefundAmount {
        /// The order.
        out_trade_no: String,
        /// The amount that was asked for.
        asked: Fen,
        /// What has not been refunded yet.
        left: Fen,
    },
}

impl AlipayTrade {
    /// Opens a trade for an order, with a random trade number.
    pub fn open(
        merchant: &MerchantIdentity,
        out_trade_no: impl Into<String>,
        total: Fen,
        at: DateTime<Utc>,
    ) -> AlipayTrade {
        let day = beijing_digits(at, 8);
        let serial = rand::rng().random_range(0..SERIALS);
        AlipayTrade {
            merchant: merchant.clone(),
            out_trade_no: out_trade_no.into(),
            trade_no: format!("{day}22001{serial:015}"),
            total,
            subject: "购买订单".to_owned(),
            body: None,
            passback: None,
            buyer: Buyer {
                id: "2088000000000001".to_owned(),
                account: "buyer@example.com".to_owned(),
            },
            status: Status::WaitBuyerPay,
            pay_until: None,
            tells_timeout: false,
            gmt_create: at,
            gmt_payment: None,
            gmt_close: None,
            refunds: Vec::new(),
            notifications: 0,
        }
    }

    /// What has been refunded so far: the running total that `refund_fee` carries.
    pub fn refunded(&self) -> Fen {
        Fen::new(self.refunds.iter().map(|refund| refund.amount.get()).sum())
    }

    /// What can still be refunded.
    pub fn refundable(&self) -> Fen {
        Fen::new(self.total.get() - self.refunded().get())
    }

    /// The refund with a merchant's number.
    pub fn refund_of(&self, request_no: &str) -> Option<&PastRefund> {
        self.refunds.iter().find(|refund| refund.request_no == request_no)
    }

    fn require(&self, step: &'static str, allowed: &[Status]) -> Result<(), TradeError> {
        if allowed.contains(&self.status) {
            return Ok(());
        }
        let out_trade_no = self.out_trade_no.clone();
        Err(TradeError::NotNow { step, out_trade_no, status: self.status })
    }

    /// A payment comes before the time limit.
    fn require_in_time(&self, at: DateTime<Utc>) -> Result<(), TradeError> {
        match self.pay_until.filter(|until| *until <= at) {
            None => Ok(()),
            Some(until) => {
                Err(TradeError::TooLate { out_trade_no: self.out_trade_no.clone(), until })
            }
        }
    }

    /// The `trade_status_sync` that tells where the trade stands now.
    fn notification(&mut self, kind: NotificationKind, at: DateTime<Utc>) -> UnsignedNotification {
        let notify_id = self.next_notify_id(at);
        let parameters = match self.merchant.protocol {
            Protocol::Mapi => mapi::trade_status_sync(self, kind, &notify_id, at),
            Protocol::Openapi => openapi::trade_status_sync(self, kind, &notify_id, at),
        };
        self.wrap(kind, notify_id, at, parameters)
    }

    fn wrap(
        &self,
        kind: NotificationKind,
        notify_id: String,
        at: DateTime<Utc>,
        parameters: Vec<(String, String)>,
    ) -> UnsignedNotification {
        UnsignedNotification {
            kind,
            protocol: self.merchant.protocol,
            out_trade_no: self.out_trade_no.clone(),
            notify_id,
            notify_time: at,
            charset: self.merchant.charset,
            parameters,
        }
    }

    /// 34 digits, as real ones since 2018: day, a constant, time of day, and 15 digits that make
    /// it this event's alone. Those come from the trade number and a count: another event of the
    /// trade has another id even in the same second.
    fn next_notify_id(&mut self, at: DateTime<Utc>) -> String {
        let serial = self.trade_no.get(13..).and_then(|digits| digits.parse::<u64>().ok());
        let step = self.notifications.wrapping_mul(SERIAL_STEP);
        self.notifications += 1;
        let serial = serial.unwrap_or_default().wrapping_add(step) % SERIALS;
        format!("{}00222{}{serial:015}", beijing_digits(at, 8), &beijing_digits(at, 14)[8..])
    }
}

/// Serial numbers inside trade numbers and notify ids have 15 digits.
const SERIALS: u64 = 1_000_000_000_000_000;
/// Far apart, so that the ids of one trade do not look like a sequence. Coprime to [`SERIALS`].
const SERIAL_STEP: u64 = 179_424_691_000_003;

/// The first digits of `yyyyMMddHHmmss` in Beijing.
pub(crate) fn beijing_digits(at: DateTime<Utc>, count: usize) -> String {
    let text = mapi::seconds(at);
    text.chars().filter(char::is_ascii_digit).take(count).collect()
}

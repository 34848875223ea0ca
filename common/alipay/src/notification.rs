//! What a notification says.

use crate::form::printable;
use crate::message_service::DEPOSIT_BACK;
use crate::parameters::Parameters;
use crate::{
    BatchRefundNotify, Charset, CharsetError, DepositBack, Form, MoneyError, Protocol,
    ResultDetailsError, TimeError, TradeStatusSync,
};

/// A notification, read after its signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notification {
    /// `trade_status_sync`: something happened to a trade, a refund included.
    Trade(Box<TradeStatusSync>),
    /// `batch_refund_notify` of the legacy gateway: the results of a refund request.
    BatchRefund(BatchRefundNotify),
    /// `alipay.trade.refund.depositback.completed` of the Open Platform's message service: what a bank did with
    /// a refund.
    DepositBack(Box<DepositBack>),
}

/// Why a notification cannot be read. Its signature may well be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A value is not text in the character set of the message.
    #[error("{parameter}: {source}")]
    Charset {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong.
        source: CharsetError,
    },
    /// A parameter without which the message means nothing is absent or empty.
    #[error("the parameter {parameter} is missing")]
    Missing {
        /// The parameter.
        parameter: &'static str,
    },
    /// A value is not an amount.
    #[error("{parameter}: {source}")]
    Amount {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong.
        source: MoneyError,
    },
    /// The total of a trade is zero.
    #[error("{parameter}: the total of a trade is above zero")]
    ZeroTotal {
        /// The parameter.
        parameter: &'static str,
    },
    /// A value is not a time.
    #[error("{parameter}: {source}")]
    Time {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong.
        source: TimeError,
    },
    /// An order, trade or batch number that no database should hold.
    #[error("{parameter}: {reason}")]
    OrderNumber {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A `notify_type` that we do not know.
    #[error("unknown notify_type {notify_type}")]
    NotifyType {
        /// The word, unprintable bytes escaped, cut after 64 characters.
        notify_type: String,
    },
    /// A message of the message service that is not worked on.
    #[error("message service, msg_method {msg_method}, not handled here")]
    MsgMethod {
        /// The word, unprintable bytes escaped, cut after 64 characters.
        msg_method: String,
    },
    /// The JSON of a message of the message service cannot be used.
    #[error("biz_content: {problem}")]
    BizContent {
        /// What is wrong, without any value.
        problem: String,
    },
    /// The `result_details` of a batch refund do not follow their grammar.
    #[error("result_details: {0}")]
    ResultDetails(#[from] ResultDetailsError),
}

impl Unreadable {
    /// A short word for logs, metrics and dead letters: `invalid_charset`, `missing_parameter`,
    /// `unreadable_amount`, `unreadable_time`, `unreadable_order_number`, `unknown_notify_type`,
    /// `unhandled_msg_method`, `unreadable_biz_content` or `unreadable_result_details`.
    pub fn reason_code(&self) -> &'static str {
        match self {
            Unreadable::Charset { .. } => "invalid_charset",
            Unreadable::Missing { .. } => "missing_parameter",
            Unreadable::Amount { .. } | Unreadable::ZeroTotal { .. } => "unreadable_amount",
            Unreadable::Time { .. } => "unreadable_time",
            Unreadable::OrderNumber { .. } => "unreadable_order_number",
            Unreadable::NotifyType { .. } => "unknown_notify_type",
            Unreadable::MsgMethod { .. } => "unhandled_msg_method",
            Unreadable::BizContent { .. } => "unreadable_biz_content",
            Unreadable::ResultDetails(_) => "unreadable_result_details",
        }
    }
}

impl Notification {
    /// Reads a form whose signature was verified, in the character set of the message (see
    /// [`Charset::of`]).
    ///
    /// A form without `notify_type` is one of the message service where it has `msg_method`, and else a
    /// `trade_status_sync`. Only values that are used are
    /// decoded and parsed: whatever else Alipay sends, now or later, cannot make a message
    /// unreadable.
    ///
    /// # Errors
    /// [`Unreadable`] names the parameter and what is wrong with it.
    pub fn read(
        form: &Form,
        protocol: Protocol,
        charset: Charset,
    ) -> Result<Notification, Unreadable> {
        let parameters = Parameters { form, charset, is_guarded: true };
        let named = |name| form.get(name).filter(|value| !value.is_empty());
        match (named("notify_type"), named("msg_method")) {
            (None, Some(method)) => {
                // Only there: a key of the legacy gateway signs the merchant's own requests, too.
                if method == DEPOSIT_BACK.as_bytes() && protocol == Protocol::Openapi {
                    let deposit_back = DepositBack::read(&parameters)?;
                    return Ok(Notification::DepositBack(Box::new(deposit_back)));
                }
                Err(Unreadable::MsgMethod { msg_method: printable(method) })
            }
            (None, None) | (Some(b"trade_status_sync"), _) => {
                let trade = TradeStatusSync::read(&parameters, protocol)?;
                Ok(Notification::Trade(Box::new(trade)))
            }
            (Some(kind), _) if BatchRefundNotify::is_meant(kind) => {
                BatchRefundNotify::read(&parameters).map(Notification::BatchRefund)
            }
            (Some(other), _) => Err(Unreadable::NotifyType { notify_type: printable(other) }),
        }
    }
}

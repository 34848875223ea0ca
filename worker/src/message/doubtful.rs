//! Reads what Alipay signed: a notification that counts, or one that is not trusted on its own.

use alipay::{
    Charset, Form, Notification, Protocol, SecondReading, TradeStatusSync, check_notification,
};
use chrono::{DateTime, Utc};
use order::Doubt;

use super::{Content, Rejection};

/// A `trade_status_sync` that adds no facts: the gateway is asked, or a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubtful {
    /// What it says. It must agree with the order as any other.
    pub notification: Box<TradeStatusSync>,
    /// Why it is not trusted.
    pub doubt: Doubt,
    /// The gateway can be asked about the merchant's orders.
    pub is_asked: bool,
}

/// Reads a signed form. Names and kind of the form are checked again: an envelope may be older than these
/// checks of the ingress.
pub(super) fn read(
    form: &Form,
    charset: Charset,
    protocol: Protocol,
    received_at: DateTime<Utc>,
    is_asked: bool,
) -> Result<Content, Rejection> {
    check_notification(form).map_err(|error| Rejection::new(error.reason_code(), error))?;
    let notification = Notification::read(form, protocol, charset)
        .map_err(|error| Rejection::new(error.reason_code(), error))?;
    let reading = SecondReading::of(form, protocol).map(Doubt::SecondReading);
    match notification {
        Notification::Trade(notification) => {
            match reading.or_else(|| Doubt::of(&notification, received_at)) {
                None => Ok(Content::Trade(notification)),
                Some(doubt) => Ok(Content::Doubtful(Doubtful { notification, doubt, is_asked })),
            }
        }
        // A batch names no order that could be asked about, and the gateway does not report a bank's refusal.
        other @ (Notification::BatchRefund(_) | Notification::DepositBack(_)) => match reading {
            None => Ok(other.into()),
            Some(doubt) => Err(Rejection::new(doubt.reason(), doubt)),
        },
    }
}

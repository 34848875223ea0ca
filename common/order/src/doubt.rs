//! A notification with a valid signature that is not trusted on its own: the gateway is asked instead, and where it
//! cannot be asked, a person decides.

use alipay::{SecondReading, TradeStatus, TradeStatusSync, format_beijing};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{Facts, QueryReason, ReviewReason};

/// Alipay repeats a notification for 24 h 22 min (docs/protocol.md §7). A day more is for slow
/// networks and clocks.
pub const OLDEST_REPEAT: TimeDelta = TimeDelta::minutes(2 * 24 * 60 + 22);

/// Why a notification adds no facts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// The signed text is also that of another form.
    #[error("{0}")]
    SecondReading(SecondReading),
    /// It reports a payment without any time of the trade: a return URL contains the same parameters.
    #[error("it says that the trade was paid and has neither gmt_create nor gmt_payment")]
    Undated,
    /// Alipay stopped repeating it long before it was received.
    #[error(
        "its notify_time is {} (Beijing), and it was received at {}: Alipay does not repeat for so long",
        format_beijing(*.notify_time), format_beijing(*.received_at)
    )]
    Outdated {
        /// Its `notify_time`.
        notify_time: DateTime<Utc>,
        /// When the ingress received it.
        received_at: DateTime<Utc>,
    },
    /// It reports a payment or a refund of a trade that it calls unpaid.
    #[error("it says {status} and tells of money that was paid or given back")]
    Contradiction {
        /// `trade_status`.
        status: &'static str,
    },
}

impl Doubt {
    /// Whether what was read from a form, received at a time by our own clock, is to be doubted.
    ///
    /// A notification that was received *before* its `notify_time` is not doubted: our own clock may be wrong, and
    /// that must not lose a payment.
    pub fn of(notification: &TradeStatusSync, received_at: DateTime<Utc>) -> Option<Doubt> {
        let paid = Facts::of(notification).contains(Facts::PAID);
        match notification.trade_status {
            TradeStatus::WaitBuyerPay if paid || notification.gmt_payment.is_some() => {
                return Some(Doubt::Contradiction { status: "WAIT_BUYER_PAY" });
            }
            TradeStatus::TradePending if paid => {
                return Some(Doubt::Contradiction { status: "TRADE_PENDING" });
            }
            _ => {}
        }
        if paid && notification.gmt_create.is_none() && notification.gmt_payment.is_none() {
            return Some(Doubt::Undated);
        }
        let notify_time = notification.notify_time?;
        (notify_time + OLDEST_REPEAT < received_at)
            .then_some(Doubt::Outdated { notify_time, received_at })
    }

    /// The reason in the inbox, in metrics, and of the review that is opened where the gateway cannot be asked; the
    /// evidence of that review is the trade's number.
    pub fn reason(&self) -> ReviewReason {
        match self {
            Doubt::SecondReading(_) => ReviewReason::AmbiguousForm,
            Doubt::Undated => ReviewReason::UndatedPayment,
            Doubt::Outdated { .. } => ReviewReason::OutdatedNotification,
            Doubt::Contradiction { .. } => ReviewReason::ContradictoryNotification,
        }
    }

    /// Why the gateway is asked about the order.
    pub fn query_reason(&self) -> QueryReason {
        match self {
            Doubt::SecondReading(_) => QueryReason::AmbiguousForm,
            Doubt::Undated => QueryReason::UndatedPayment,
            Doubt::Outdated { .. } => QueryReason::OutdatedNotification,
            Doubt::Contradiction { .. } => QueryReason::ContradictoryNotification,
        }
    }
}

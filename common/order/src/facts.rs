//! Facts: what Alipay has reported about a trade. They only grow.

use alipay::{Fen, RefundStatus, TradeStatus, TradeStatusSync};
use bitflags::bitflags;

bitflags! {
    /// A set of facts about one trade. Two messages together give the union of their sets.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
    pub struct Facts: u16 {
        /// `WAIT_BUYER_PAY` was seen.
        const WAITING = 1;
        /// `TRADE_PENDING`: paid, but the seller's account cannot receive yet.
        const PENDING = 1 << 1;
        /// Money arrived: reported, or implied by a refund.
        const PAID = 1 << 2;
        /// `TRADE_FINISHED`: no refund is possible any more.
        const FINISHED = 1 << 3;
        /// `TRADE_CLOSED` was seen.
        const CLOSED = 1 << 4;
        /// A refund below the total.
        const REFUNDED_IN_PART = 1 << 5;
        /// Refunds reached the total.
        const REFUNDED_IN_FULL = 1 << 6;
        /// `REFUND_CLOSED`: a refund was refused or withdrawn.
        const REFUND_CLOSED = 1 << 7;
        /// The gateway's answer or a person confirmed the payment: for a closed trade this counts only if the
        /// confirmation came after the close ([`Trade::confirmed_at`](crate::Trade)).
        const CONFIRMED_PAID = 1 << 8;
        /// The buyer paid after the order's time limit, and the merchant's policy was then to refund such payments (see [`late`](crate::late)).
        const PAID_LATE = 1 << 9;
        /// A person accepted a late payment.
        const LATE_ACCEPTED = 1 << 10;
        /// A notification reported the payment, and the merchant's policy was then that the gateway must
        /// confirm such a payment before goods go out.
        const TO_BE_CONFIRMED = 1 << 11;
    }
}

impl Facts {
    /// The facts that one verified `trade_status_sync` adds: the union of all rows that apply.
    ///
    /// `refund_fee` is the trade's running total; `0.00` is no refund (unpaid timeouts and some
    /// `TRADE_FINISHED` carry it). The legacy gateway sends no amount with a refund: there the
    /// trade status distinguishes a full refund (`TRADE_CLOSED`) from a partial one.
    pub fn of(notification: &TradeStatusSync) -> Facts {
        let closed = notification.trade_status == TradeStatus::TradeClosed;
        let by_status = match &notification.trade_status {
            TradeStatus::WaitBuyerPay => Facts::WAITING,
            TradeStatus::TradePending => Facts::PENDING,
            TradeStatus::TradeSuccess => Facts::PAID,
            TradeStatus::TradeFinished => Facts::PAID | Facts::FINISHED,
            TradeStatus::TradeClosed if notification.gmt_payment.is_some() => {
                Facts::CLOSED | Facts::PAID
            }
            TradeStatus::TradeClosed => Facts::CLOSED,
            TradeStatus::Unknown(_) => Facts::empty(),
        };
        let by_refund = match notification.refund_fee {
            Some(fee) if fee <= Fen::new(0) => Facts::empty(),
            Some(fee) if fee >= notification.total => Facts::PAID | Facts::REFUNDED_IN_FULL,
            Some(_) => Facts::PAID | Facts::REFUNDED_IN_PART,
            None if notification.refund_status == Some(RefundStatus::Success)
                || (notification.gmt_refund.is_some()
                    && notification.refund_status != Some(RefundStatus::Closed)) =>
            {
                let extent = if closed { Facts::REFUNDED_IN_FULL } else { Facts::REFUNDED_IN_PART };
                Facts::PAID | extent
            }
            None => Facts::empty(),
        };
        let refused = match notification.refund_status {
            Some(RefundStatus::Closed) => Facts::REFUND_CLOSED,
            _ => Facts::empty(),
        };
        by_status | by_refund | refused
    }

    /// The facts that the gateway's verified answer to a query adds.
    ///
    /// An answer reports the present state, a notification an event: `TRADE_SUCCESS` and `TRADE_FINISHED` mean that
    /// the money is there now, and `TRADE_CLOSED` of a trade that was paid means that it was refunded. The Open
    /// Platform's answer has no `refund_fee`; the legacy gateway's may have one, the refunded amount.
    pub fn of_answer(answer: &TradeStatusSync) -> Facts {
        let reported = Facts::of(answer);
        match answer.trade_status {
            TradeStatus::TradeSuccess | TradeStatus::TradeFinished
                if !reported.contains(Facts::REFUNDED_IN_FULL) =>
            {
                reported | Facts::CONFIRMED_PAID
            }
            TradeStatus::TradeClosed
                if answer.gmt_payment.is_some() && answer.refund_fee.is_none() =>
            {
                reported | Facts::REFUNDED_IN_FULL
            }
            _ => reported,
        }
    }

    /// The text of the `facts` column (a MySQL `SET`): the names of the facts in lower case, in bit order, joined by commas.
    pub fn to_column(self) -> String {
        let names: Vec<&str> = self.iter_names().map(|(name, _)| name).collect();
        names.join(",").to_ascii_lowercase()
    }

    /// Reads the text of a `facts` column. A name that this version does not know is left out.
    pub fn from_column(column: &str) -> Facts {
        column.to_ascii_uppercase().split(',').filter_map(Facts::from_name).collect()
    }
}

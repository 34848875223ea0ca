//! The state of an order, computed from its trades. The first row that matches wins.

use alipay::Fen;
use chrono::{DateTime, Utc};
use serde::Serialize;
use strum::{EnumString, FromRepr, IntoStaticStr, VariantArray};

use crate::{Facts, Parties, Trade};

/// Declares a closed set of numbers: an enum whose columns hold the number of a variant, its discriminant.
macro_rules! numbered_set {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$of_variant:meta])* $variant:ident = $code:literal,)+ }
    ) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[derive(Serialize, FromRepr, IntoStaticStr, VariantArray)]
        #[repr(i16)]
        #[serde(into = "i16")]
        $(#[$attribute])*
        pub enum $name { $($(#[$of_variant])* $variant = $code,)+ }

        as_str!($name);

        impl $name {
            /// The number in the column.
            pub const fn code(self) -> i16 {
                self as i16
            }

            /// Reads the column; `None`: no number of a status.
            pub const fn from_code(code: i16) -> Option<$name> {
                <$name>::from_repr(code)
            }
        }

        impl From<$name> for i16 {
            fn from(status: $name) -> i16 {
                status.code()
            }
        }
    };
}

numbered_set! {
    /// `user_order.status`, with the numbers of the classic system.
    #[derive(EnumString)]
    #[strum(serialize_all = "snake_case")]
    pub enum OrderStatus {
        /// Placed, nothing paid.
        Placed = 0,
        /// Paid, a refund is possible.
        Paid = 8,
        /// Over, no refund possible.
        Finished = 4,
        /// Closed without payment, expired, or closed with the money's state unknown (then in review).
        Closed = 32,
        /// Refunded in full and closed; goods are taken back.
        Refunded = 105,
        /// A refund was refused or withdrawn, the trade went on.
        RefundClosed = 106,
    }
}

impl OrderStatus {
    /// Those in which an order can get goods.
    pub const WITH_GOODS: [OrderStatus; 3] =
        [OrderStatus::Paid, OrderStatus::Finished, OrderStatus::RefundClosed];

    /// The Chinese name that operators and buyers of the classic system know.
    pub fn chinese(self) -> &'static str {
        match self {
            OrderStatus::Placed => "已下单",
            OrderStatus::Paid => "已付款",
            OrderStatus::Finished => "交易完成",
            OrderStatus::Closed => "交易关闭",
            OrderStatus::Refunded => "已退款关闭",
            OrderStatus::RefundClosed => "退款关闭",
        }
    }
}

numbered_set! {
    /// `user_order.trade_status`: the furthest that was seen.
    #[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
    #[expect(missing_docs, reason = "Alipay's own words, with the numbers of the classic system")]
    pub enum TradeStatusCode {
        NoPay = 0,
        WaitBuyerPay = 1,
        TradePending = 7,
        TradeSuccess = 8,
        TradeFinished = 4,
        TradeClosed = 5,
    }
}

impl TradeStatusCode {
    fn of(facts: Facts) -> TradeStatusCode {
        let furthest_first = [
            (Facts::CLOSED, TradeStatusCode::TradeClosed),
            (Facts::FINISHED, TradeStatusCode::TradeFinished),
            (Facts::PAID, TradeStatusCode::TradeSuccess),
            (Facts::PENDING, TradeStatusCode::TradePending),
            (Facts::WAITING, TradeStatusCode::WaitBuyerPay),
        ];
        let seen = furthest_first.into_iter().find(|(fact, _)| facts.contains(*fact));
        seen.map_or(TradeStatusCode::NoPay, |(_, code)| code)
    }
}

numbered_set! {
    /// `user_order.refund_status`.
    #[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
    #[expect(missing_docs, reason = "Alipay's own words, with the numbers of the classic system")]
    pub enum RefundStatusCode {
        NoRefund = 0,
        RefundSuccess = 5,
        RefundClosed = 6,
    }
}

impl RefundStatusCode {
    fn of(facts: Facts) -> RefundStatusCode {
        if facts.intersects(Facts::REFUNDED_IN_PART | Facts::REFUNDED_IN_FULL) {
            RefundStatusCode::RefundSuccess
        } else if facts.contains(Facts::REFUND_CLOSED) {
            RefundStatusCode::RefundClosed
        } else {
            RefundStatusCode::NoRefund
        }
    }
}

/// What an order is, given its trades: the computed columns of `user_order`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderState {
    /// The facts that the state was read from.
    pub facts: Facts,
    /// `status`.
    pub status: OrderStatus,
    /// `trade_status`.
    pub trade_status: TradeStatusCode,
    /// `refund_status`.
    pub refund_status: RefundStatusCode,
    /// The trade that the order goes by: the paid one, else the one created last.
    pub trade_no: Option<String>,
    /// Refunded so far, fen.
    pub refunded_fee: Fen,
    /// Earliest `gmt_payment` of the paid trade.
    pub paid_dtime: Option<DateTime<Utc>>,
    /// Latest `gmt_refund`.
    pub refund_dtime: Option<DateTime<Utc>>,
    /// `gmt_close` of a trade that was refunded in full.
    pub refund_finish_dtime: Option<DateTime<Utc>>,
    /// Latest `notify_time` over all trades.
    pub notify_dtime: Option<DateTime<Utc>>,
    /// `gmt_close` of a finished trade.
    pub confirm_dtime: Option<DateTime<Utc>>,
    /// `gmt_close` once the order is over.
    pub finish_dtime: Option<DateTime<Utc>>,
    /// Buyer, seller, receiver of the trade that the order goes by.
    pub parties: Parties,
    /// Nothing more is expected.
    pub is_finish: bool,
}

impl OrderState {
    /// Computes the state from all trades of an order, in any order, and from whether it has
    /// `expired` without one that Alipay could close.
    ///
    /// It is read over the paid trade (of several: one that is not refunded in full before one that
    /// is, then one that is not late, then one that does not wait for the gateway's word, then the earliest
    /// `gmt_payment`, then the smallest trade_no),
    /// else over all trades.
    pub fn of<'a>(trades: impl Iterator<Item = &'a Trade> + Clone, expired: bool) -> OrderState {
        let paid =
            trades.clone().filter(|trade| trade.facts.contains(Facts::PAID)).min_by_key(|trade| {
                let refunded = trade.facts.contains(Facts::REFUNDED_IN_FULL);
                let unknown_last = trade.gmt_payment.unwrap_or(DateTime::<Utc>::MAX_UTC);
                let unconfirmed = trade.facts.awaits_confirmation();
                (refunded, trade.facts.is_late(), unconfirmed, unknown_last, trade.trade_no.clone())
            });
        let chosen =
            paid.or_else(|| trades.clone().max_by_key(|trade| (trade.gmt_create, &trade.trade_no)));
        let facts = match paid {
            Some(trade) => trade.standing_facts(),
            None => trades.clone().fold(Facts::empty(), |facts, trade| facts | trade.facts),
        };
        let (status, is_finish) = status_of(facts, expired);
        let closed_at = chosen.and_then(|trade| trade.gmt_close);
        OrderState {
            facts,
            status,
            trade_status: TradeStatusCode::of(facts),
            refund_status: RefundStatusCode::of(facts),
            trade_no: chosen.map(|trade| trade.trade_no.clone()),
            refunded_fee: chosen.map_or(Fen::new(0), |trade| trade.refunded_fee),
            paid_dtime: paid.and_then(|trade| trade.gmt_payment),
            refund_dtime: chosen.and_then(|trade| trade.gmt_refund),
            refund_finish_dtime: closed_at.filter(|_| status == OrderStatus::Refunded),
            notify_dtime: trades.filter_map(|trade| trade.notify_time).max(),
            confirm_dtime: closed_at.filter(|_| facts.contains(Facts::FINISHED)),
            finish_dtime: closed_at.filter(|_| is_finish),
            parties: chosen.map(|trade| trade.parties.clone()).unwrap_or_default(),
            is_finish,
        }
    }

    /// The buyer is entitled to the goods: paid in time or accepted late, confirmed where the merchant wants that, and
    /// neither refunded in full nor in doubt.
    pub fn deserves_goods(&self) -> bool {
        self.facts.contains(Facts::PAID)
            && OrderStatus::WITH_GOODS.contains(&self.status)
            && !self.facts.is_late()
            && !self.facts.awaits_confirmation()
    }
}

impl Facts {
    /// A notification reports the payment, and goods wait until the gateway or a person confirms it.
    pub fn awaits_confirmation(self) -> bool {
        self.contains(Facts::PAID | Facts::TO_BE_CONFIRMED) && !self.contains(Facts::CONFIRMED_PAID)
    }
}

/// The status and `is_finish` for a set of facts. The first match wins.
///
/// An expired order is not finished: its page may still be open in a browser, and Alipay creates a trade as soon as
/// the buyer logs in there (docs/protocol.md §12).
fn status_of(facts: Facts, expired: bool) -> (OrderStatus, bool) {
    if facts.contains(Facts::REFUNDED_IN_FULL) {
        (OrderStatus::Refunded, true)
    } else if facts.contains(Facts::CLOSED) && !facts.contains(Facts::PAID) {
        (OrderStatus::Closed, true)
    } else if facts.contains(Facts::CLOSED) && !facts.contains(Facts::CONFIRMED_PAID) {
        (OrderStatus::Closed, false)
    } else if facts.contains(Facts::REFUND_CLOSED) {
        (OrderStatus::RefundClosed, true)
    } else if facts.contains(Facts::FINISHED) {
        (OrderStatus::Finished, true)
    } else if facts.contains(Facts::PAID) {
        (OrderStatus::Paid, false)
    } else if expired && !facts.contains(Facts::PENDING) {
        (OrderStatus::Closed, false)
    } else {
        (OrderStatus::Placed, false)
    }
}

//! What can happen to an order, as Alipay tells of it: one file for each kind of story.

mod answer;
mod batch_refund;
mod confirm;
mod expiry;
mod late;
mod payment;
mod refund;
mod said;

use std::collections::BTreeSet;

use alipay::{BatchRefundNotify, Fen, TradeStatusSync};
use chrono::{DateTime, Utc};
use order::{ConfirmedRefund, MerchantAccount, OrderState, OrderTerms, Review};

/// What reaches a worker.
pub enum Said {
    /// A notification about one trade.
    Trade(Box<TradeStatusSync>),
    /// A notification about refunds.
    Batch(BatchRefundNotify),
    /// The gateway's answer to a query.
    Answer(Box<TradeStatusSync>),
    /// The gateway's answer to a refund that was asked for.
    RefundAnswer(ConfirmedRefund),
    /// Alipay has nothing to close at this time, and the order's is over.
    Expiry(DateTime<Utc>),
}

/// A story with what must be true at its end.
pub struct Story {
    pub name: &'static str,
    pub notifications: Vec<Said>,
    status: i16,
    is_finish: Option<bool>,
    net_goods: Option<u32>,
    reviews: &'static [&'static str],
    refunded: i64,
    pub goods_may_differ: bool,
    /// The order has a time, [`EXPIRES_AT`].
    expires: bool,
    /// The merchant gives late money back.
    refunds_late: bool,
    /// Goods wait for the gateway's word.
    confirms: bool,
}

/// Until when an order of which a story says so can be paid.
pub const EXPIRES_AT: &str = "2026-01-05 10:30:00.5";

impl Story {
    pub fn check(&self, state: &OrderState, net_goods: u32, reviews: &BTreeSet<Review>) {
        assert_eq!(state.status.code(), self.status, "{}: status", self.name);
        if let Some(expected) = self.is_finish {
            assert_eq!(state.is_finish, expected, "{}: is_finish", self.name);
        }
        assert_eq!(state.refunded_fee.get(), self.refunded, "{}: refunded_fee", self.name);
        let mut reasons: Vec<&str> = reviews.iter().map(|review| review.reason.as_str()).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, self.reviews, "{}: reviews", self.name);
        if let Some(expected) = self.net_goods {
            assert_eq!(net_goods, expected, "{}: goods", self.name);
        }
    }

    /// Whether it ends with late money that nobody has decided about.
    pub fn ends_late(&self) -> bool {
        self.reviews.contains(&"late_payment")
    }

    /// What the shop wrote.
    pub fn terms(&self) -> OrderTerms {
        OrderTerms {
            id: "R1".into(),
            merchant: "shop".into(),
            total_fee: Fen::new(1000),
            created_at: said::at("2026-01-05 10:00:00"),
            expires_at: self.expires.then(|| said::at(EXPIRES_AT)),
        }
    }

    /// The merchant.
    pub fn account(&self) -> MerchantAccount {
        MerchantAccount {
            merchant: "shop".into(),
            seller_id: Some("2088000000000001".into()),
            app_id: Some("2021000000000001".into()),
            refunds_late: self.refunds_late,
            confirms_above: self.confirms.then_some(Fen::new(999)),
            longest_time_to_pay: None,
        }
    }
}

fn story(name: &'static str, notifications: Vec<Said>, status: i16) -> Story {
    Story {
        name,
        notifications,
        status,
        is_finish: None,
        net_goods: Some(0),
        reviews: &[],
        refunded: 0,
        goods_may_differ: false,
        expires: false,
        refunds_late: false,
        confirms: false,
    }
}

/// All stories.
pub fn all() -> Vec<Story> {
    [
        payment::stories(),
        refund::stories(),
        batch_refund::stories(),
        answer::stories(),
        expiry::stories(),
        late::stories(),
        confirm::stories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

//! Findings about orders: paid and not delivered, reviews, refunds, queries to the gateway, merchants that are not configured.

use chrono::TimeDelta;
use store::BeijingTime;
use store::counts::WaitingCount;
use worker::UNCONFIRMED_AFTER;

use super::{Description, Urgency, length};
use crate::operations::overview::Overview;
use crate::operations::unknown_merchant::UnknownMerchant;
use crate::plural::{count, verb};

/// Reviews that are older are forgotten, not being worked on.
const OLD_REVIEW: TimeDelta = TimeDelta::days(3);
/// A delivery by hand is overdue after a day.
const OVERDUE_BY_HAND: TimeDelta = TimeDelta::days(1);
/// A query that has been due for so long is not being asked.
const UNASKED: TimeDelta = TimeDelta::minutes(15);
/// It is not known whether a refund was made.
const UNKNOWN_REFUND: TimeDelta = TimeDelta::minutes(15);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GoodsFinding {
    /// Orders name a merchant that is not configured.
    UnknownMerchant { text: String, merchant: String },
    /// Paid, and there are no codes.
    NoStock(Waits),
    /// Paid, and the order names no account for the subscription.
    NoAccount(Waits),
    /// Paid, and a person has to deliver.
    ByHand(Waits),
    /// Paid, and the goods wait for the gateway's confirmation.
    Unconfirmed(Waits),
    /// It is not known whether money went back.
    UnknownRefunds(Waits),
    /// No worker queries the gateway.
    NotAsked(Waits),
    /// The gateway's answers are missing or cannot be used.
    NoAnswer { orders: i64 },
    /// Paid here, and Alipay says that it is not.
    NotAtAlipay(Waits),
    /// Cases for a person.
    Reviews(Waits),
    /// Products at their threshold.
    LowStock { products: Vec<String> },
}

/// How many wait, since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Waits {
    pub(crate) orders: i64,
    pub(crate) oldest: Option<BeijingTime>,
    pub(crate) waited: TimeDelta,
}

pub(super) fn judge(overview: &Overview) -> Vec<GoodsFinding> {
    let mut found: Vec<GoodsFinding> =
        overview.unknown_merchants.iter().flatten().map(unknown_merchant).collect();
    let waits = |waiting: &Option<WaitingCount>| {
        waits(overview, waiting.as_ref()?.count, waiting.as_ref()?.oldest)
    };
    found.extend(waits(&overview.not_at_alipay).map(GoodsFinding::NotAtAlipay));
    found.extend(waits(&overview.awaiting_stock).map(GoodsFinding::NoStock));
    found.extend(waits(&overview.awaiting_account).map(GoodsFinding::NoAccount));
    found.extend(
        waits(&overview.refunds_unknown)
            .filter(|it| it.waited > UNKNOWN_REFUND)
            .map(GoodsFinding::UnknownRefunds),
    );
    if let Some(asked) = &overview.gateway_queries {
        let confirming = self::waits(overview, asked.confirming, asked.oldest_confirming);
        found.extend(confirming.map(GoodsFinding::Unconfirmed));
        let due = self::waits(overview, asked.due, asked.oldest_due);
        found.extend(due.filter(|it| it.waited > UNASKED).map(GoodsFinding::NotAsked));
        if asked.failed > 0 {
            found.push(GoodsFinding::NoAnswer { orders: asked.failed });
        }
    }
    found.extend(waits(&overview.awaiting_manual).map(GoodsFinding::ByHand));
    found.extend(waits(&overview.open_reviews).map(GoodsFinding::Reviews));
    let low = overview.low_stock.iter().flatten();
    let products: Vec<String> =
        low.map(|low| format!("{} has {}", low.product_id, low.available)).collect();
    if !products.is_empty() {
        found.push(GoodsFinding::LowStock { products });
    }
    found
}

fn unknown_merchant(one: &UnknownMerchant) -> GoodsFinding {
    GoodsFinding::UnknownMerchant { text: one.text(), merchant: one.orders.merchant.clone() }
}

fn waits(overview: &Overview, orders: i64, oldest: Option<BeijingTime>) -> Option<Waits> {
    let waited = oldest.map_or(TimeDelta::zero(), |oldest| overview.waited(oldest));
    (orders > 0).then_some(Waits { orders, oldest, waited })
}

impl Waits {
    /// What waits: how many of it, and since when.
    fn text(&self, what: &str, one: &str) -> String {
        let verb = verb(self.orders, "waits", "wait");
        let since = self.oldest.map_or(String::new(), |oldest| {
            format!(", the first for {} (since {oldest})", length(self.waited))
        });
        format!("{what}: {} {verb}{since}", count(self.orders, one))
    }
}

impl GoodsFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let of = |urgency, code, chinese| Description::new(urgency, code, chinese);
        let soon_if = |late: bool| if late { Urgency::Soon } else { Urgency::Later };
        match self {
            GoodsFinding::UnknownMerchant { text, merchant } => {
                of(Urgency::Now, "merchant_not_configured", "订单的商户没有配置")
                    .seen(format!("{text}: nobody serves it"))
                    .advice(format!("ops order list --merchant {merchant}; correct the shop, or configure the merchant and send SIGHUP"))
            }
            GoodsFinding::NoStock(waits) => of(Urgency::Soon, "no_stock", "已付款，缺货")
                .seen(waits.text("paid and not delivered, no codes in stock", "order"))
                .advice("ops order list --goods awaiting_stock, then ops stock import"),
            GoodsFinding::NoAccount(waits) => {
                of(Urgency::Soon, "waits_for_account", "已付款，订阅没有账号")
                    .seen(waits.text("paid and not delivered, no account for the subscription", "order"))
                    .advice("ops order list --goods awaiting_account, then ops order account")
            }
            GoodsFinding::ByHand(waits) => {
                let urgency = soon_if(waits.waited > OVERDUE_BY_HAND);
                of(urgency, "waits_for_delivery_by_hand", "已付款，待人工发货")
                    .seen(waits.text("paid, to be delivered by hand", "order"))
                    .advice("ops order list --goods awaiting_manual, then ops review list")
            }
            GoodsFinding::Unconfirmed(waits) => {
                let urgency = soon_if(waits.waited > UNCONFIRMED_AFTER);
                of(urgency, "waits_for_confirmation", "已付款，等待网关确认")
                    .seen(waits.text("paid, the goods wait for the gateway's confirmation", "order"))
                    .advice("ops query ORDER asks now and says what is wrong")
            }
            GoodsFinding::UnknownRefunds(waits) => of(Urgency::Soon, "refund_unknown", "退款结果未知")
                .seen(waits.text("it is not known whether the money went back", "refund"))
                .advice("ops refund-requests --state unknown"),
            GoodsFinding::NotAsked(waits) => of(Urgency::Soon, "gateway_not_asked", "没有按时查询网关")
                .seen(waits.text("the gateway should have been asked", "question"))
                .advice(
                    "is worker.queries = true, and may the merchant be asked (ops check)? read a worker's log",
                ),
            GoodsFinding::NoAnswer { orders } => {
                let orders = count(*orders, "order");
                of(Urgency::Later, "gateway_no_answer", "网关没有可用的响应")
                    .seen(format!("the latest query has no usable answer: {orders}; it is asked again"))
                    .advice("ops query ORDER says what is wrong; read a worker's log")
            }
            // As `AlipayDoesNotKnowAPayment`: goods may go out for nothing.
            GoodsFinding::NotAtAlipay(waits) => {
                of(Urgency::Now, "not_at_alipay", "这里已付款，支付宝查无付款")
                    .seen(waits.text("paid here, and Alipay says that it is not", "order"))
                    .advice("is a key stolen? ops review list; docs/troubleshooting.md says how to tell")
            }
            GoodsFinding::Reviews(waits) => {
                of(soon_if(waits.waited > OLD_REVIEW), "reviews_open", "待人工复核")
                    .seen(waits.text("for a person to decide", "review"))
                    .advice("ops review list")
            }
            GoodsFinding::LowStock { products } => of(Urgency::Later, "low_stock", "库存不足")
                .seen(format!("little stock: {}", products.join(", ")))
                .advice("ops stock list, then ops stock import"),
        }
    }
}

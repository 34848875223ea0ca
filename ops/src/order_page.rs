//! All that is known of one order: what `ops order show` prints as JSON.

use diesel::mysql::MysqlConnection;
use order::{ProductKind, Trade};
use serde::{Deserialize, Serialize};
use store::product::Product;
use store::report::{
    self, BeijingTime, Code, Entitlement, Fulfillment, OrderEvent, RefundLine, ReviewRow, StoryLine,
};
use store::{stock_item, trade};

use crate::failure::Failure;
use crate::verb::order::OrderLine;

/// More available codes than this need not be counted.
const COUNTED: i64 = 100_000;

/// One order with everything that hangs on it.
#[derive(Serialize)]
pub(crate) struct OrderPage {
    #[serde(flatten)]
    pub(crate) order: OrderLine,
    pub(crate) product: ProductLine,
    pub(crate) fulfillment: Option<Fulfillment>,
    pub(crate) goods: Vec<Code>,
    pub(crate) entitlement: Option<Entitlement>,
    pub(crate) trades: Vec<TradeLine>,
    pub(crate) refunds: Vec<RefundLine>,
    pub(crate) reviews: Vec<ReviewRow>,
    pub(crate) events: Vec<OrderEvent>,
    pub(crate) notifications: usize,
    pub(crate) story: Vec<Happening>,
    /// Codes that could be delivered now.
    #[serde(skip)]
    pub(crate) available: i64,
}

/// The product sold.
#[derive(Serialize)]
pub(crate) struct ProductLine {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ProductKind,
}

/// One trade: facts and merged times.
#[derive(Serialize)]
pub(crate) struct TradeLine {
    pub(crate) trade_no: String,
    pub(crate) facts: Vec<String>,
    gmt_create: Option<BeijingTime>,
    gmt_payment: Option<BeijingTime>,
    gmt_refund: Option<BeijingTime>,
    gmt_close: Option<BeijingTime>,
    notify_time: Option<BeijingTime>,
    /// Fen.
    refunded_fee: i64,
}

/// One notification, as it belongs to this order.
#[derive(Serialize)]
pub(crate) struct Happening {
    pub(crate) at: BeijingTime,
    pub(crate) last_seen: BeijingTime,
    pub(crate) message_id: String,
    pub(crate) merchant: String,
    pub(crate) kind: String,
    pub(crate) trade_no: Option<String>,
    pub(crate) trade_status: Option<String>,
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) seen: i32,
    pub(crate) attempts: i32,
    pub(crate) facts_added: Vec<String>,
    pub(crate) changes: Option<Change>,
}

/// What the run that applied a notification changed about this order.
#[derive(Serialize)]
pub(crate) struct Change {
    pub(crate) status: Step<i16>,
    /// Fen.
    pub(crate) refunded_fee: Step<i64>,
    /// The state of the goods afterwards, where it changed.
    pub(crate) goods: Option<String>,
    pub(crate) events: Vec<String>,
}

/// A value before and after.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Step<T> {
    pub(crate) before: T,
    pub(crate) after: T,
}

/// An element of the `changes` column, as the worker writes it.
#[derive(Deserialize)]
struct OrderChange {
    order: String,
    status: [i16; 2],
    refunded_fee: [i64; 2],
    #[serde(default)]
    goods: Option<String>,
    #[serde(default)]
    events: Vec<String>,
}

impl OrderPage {
    /// Reads everything about an order; `None` when there is no such order. Inside a
    /// [`report::snapshot`].
    pub(crate) fn read(
        connection: &mut MysqlConnection,
        id: &str,
    ) -> Result<Option<OrderPage>, Failure> {
        let Some(row) = report::order(connection, id)? else { return Ok(None) };
        let products = store::product::by_ids(connection, &[&row.product_id])?;
        let product = products
            .first()
            .map(OrderPage::product_of)
            .ok_or_else(|| Failure::No(format!("the product {} is gone", row.product_id)))?;
        let trades: Vec<TradeLine> = trade::of_orders(connection, &[id])?
            .into_iter()
            .map(|(_, trade)| TradeLine::from(trade))
            .collect();
        let trade_nos: Vec<&str> = trades.iter().map(|trade| trade.trade_no.as_str()).collect();
        let story: Vec<Happening> = report::story_of(connection, id, &trade_nos)?
            .into_iter()
            .map(|line| Happening::new(line, id))
            .collect();
        Ok(Some(OrderPage {
            product,
            fulfillment: report::fulfillment_of(connection, id)?,
            goods: report::codes_of(connection, id)?,
            entitlement: report::entitlement_of(connection, id)?,
            refunds: report::refunds_of(connection, id)?,
            reviews: report::reviews_of(connection, id)?,
            events: report::events_of(connection, id)?,
            notifications: story.len(),
            available: stock_item::available(connection, &row.product_id, COUNTED)?,
            trades,
            story,
            order: row.into(),
        }))
    }

    /// The product as it is shown with an order.
    pub(crate) fn product_of(product: &Product) -> ProductLine {
        ProductLine { id: product.id.clone(), name: product.name.clone(), kind: product.kind }
    }

    /// Whether a trade of the order has this fact.
    pub(crate) fn has_fact(&self, fact: &str) -> bool {
        self.trades.iter().any(|trade| trade.facts.iter().any(|known| known == fact))
    }
}

impl From<Trade> for TradeLine {
    fn from(trade: Trade) -> TradeLine {
        TradeLine {
            trade_no: trade.trade_no,
            facts: names(&trade.facts.to_column()),
            gmt_create: trade.gmt_create.map(BeijingTime),
            gmt_payment: trade.gmt_payment.map(BeijingTime),
            gmt_refund: trade.gmt_refund.map(BeijingTime),
            gmt_close: trade.gmt_close.map(BeijingTime),
            notify_time: trade.notify_time.map(BeijingTime),
            refunded_fee: trade.refunded_fee.get(),
        }
    }
}

impl Happening {
    fn new(line: StoryLine, order_id: &str) -> Happening {
        let changes = line.changes.as_deref().and_then(|json| change_of(json, order_id));
        Happening {
            at: line.first_seen,
            last_seen: line.last_seen,
            message_id: line.message_id,
            merchant: line.merchant,
            kind: line.kind,
            trade_no: line.trade_no,
            trade_status: line.trade_status,
            outcome: line.outcome,
            reason: line.reason,
            error: line.error,
            seen: line.seen,
            attempts: line.attempts,
            facts_added: names(&line.facts_added),
            changes,
        }
    }
}

/// The change of this order in the JSON that the worker wrote; a form that this version does not know
/// is left out.
fn change_of(json: &str, order_id: &str) -> Option<Change> {
    let changes: Vec<OrderChange> = serde_json::from_str(json).ok()?;
    let change = changes.into_iter().find(|change| change.order == order_id)?;
    let [status_before, status_after] = change.status;
    let [refunded_before, refunded_after] = change.refunded_fee;
    Some(Change {
        status: Step { before: status_before, after: status_after },
        refunded_fee: Step { before: refunded_before, after: refunded_after },
        goods: change.goods,
        events: change.events,
    })
}

/// The names in a comma-separated column.
fn names(column: &str) -> Vec<String> {
    column.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::change_of;

    #[test]
    fn the_change_of_one_order_among_several() {
        let json = r#"[{"order":"B","status":[0,8],"refunded_fee":[0,0]},
            {"order":"A","status":[8,105],"refunded_fee":[0,100],"goods":"returned",
             "events":["order.refunded"],"later":1}]"#;
        let change = change_of(json, "A").unwrap();
        assert_eq!((change.status.before, change.status.after), (8, 105));
        assert_eq!(change.refunded_fee.after, 100);
        assert_eq!(change.goods.as_deref(), Some("returned"));
        assert_eq!(change.events, ["order.refunded"]);
        assert!(change_of(json, "C").is_none());
        assert!(change_of("{}", "A").is_none());
    }
}

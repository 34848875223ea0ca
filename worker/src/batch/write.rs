//! Writes what differs from the database: trades, refunds, orders, events.

use std::collections::{BTreeMap, BTreeSet};

use order::event;
use order::event::OrderSnapshot;
use store::outbox::NewEvent;
use store::user_order::OrderColumns;
use store::{MysqlConnection, StoreError, outbox, refund, refund_request, trade, user_order};

use super::inbox::InboxRecord;
use super::loaded_order::LoadedOrder;

/// Writes the orders, and adds the new state of their goods and the written events to the inbox row of the last message
/// about each order, where the story of the order shows them.
pub(super) fn write(
    connection: &mut MysqlConnection,
    loaded: &BTreeMap<String, LoadedOrder>,
    open_reviews: &BTreeSet<String>,
    records: &mut [InboxRecord<'_>],
    events_are_wanted: bool,
) -> Result<(), StoreError> {
    let states: BTreeMap<&str, order::OrderState> =
        loaded.iter().map(|(id, order)| (id.as_str(), order.record.state())).collect();
    let mut trades = Vec::new();
    let mut refunds = Vec::new();
    let mut orders = Vec::new();
    let mut outgoing = Vec::new();
    for (id, order) in loaded {
        let state = &states[id.as_str()];
        let needs_review = open_reviews.contains(id);
        let goods_moved = order.record.fulfillment != order.fulfillment_before;
        let trades_before = trades.len();
        trades.extend(order.changed_trades().map(|trade| (id.as_str(), trade)));
        let merchant = order.record.terms.merchant.as_str();
        refunds.extend(order.changed_refunds().map(|refund| (merchant, refund)));
        let has_expired = order.record.expired_at != order.locked.expired_at;
        let review_differs = needs_review != order.locked.needs_review;
        if trades.len() > trades_before || has_expired || goods_moved || review_differs {
            orders.push(OrderColumns { record: &order.record, state, needs_review });
        }
        let events = if events_are_wanted {
            let before = OrderSnapshot {
                state: &order.before,
                fulfillment: order.fulfillment_before,
                needs_review: order.locked.needs_review,
            };
            let fulfillment = order.record.fulfillment;
            event::between(before, OrderSnapshot { state, fulfillment, needs_review })
        } else {
            Vec::new()
        };
        let last = records.iter_mut().rev().find_map(|record| {
            let trace = record.trace();
            record.changes.iter_mut().find(|change| change.order == *id).map(|it| (trace, it))
        });
        let trace = last.as_ref().and_then(|(trace, _)| *trace);
        outgoing.extend(events.iter().map(|event| NewEvent {
            order_id: id,
            event: event.as_str(),
            traceparent: trace.map(ToString::to_string),
        }));
        if let Some((_, change)) = last {
            change.goods = order.record.fulfillment.filter(|_| goods_moved);
            change.events = events;
        }
    }
    refunds.sort_by_key(|(merchant, refund)| (*merchant, &refund.trade_no, &refund.refund_key));
    trade::update(connection, &trades)?;
    refund::upsert(connection, &refunds)?;
    refund_request::end_notified(connection, &refunds)?;
    user_order::update(connection, &orders)?;
    outbox::insert(connection, &outgoing)
}

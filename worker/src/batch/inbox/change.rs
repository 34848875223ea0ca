//! What a message changed about orders: the column `notification.changes`, JSON.

use order::{Event, FulfillmentState, OrderRecord};
use serde::Serialize;

/// What one message changed about one order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub(crate) struct OrderChange {
    /// The order.
    pub(crate) order: String,
    /// `status` before and after.
    pub(crate) status: [i16; 2],
    /// `refunded_fee` before and after, fen.
    pub(crate) refunded_fee: [i64; 2],
    /// The state of the goods afterwards, where this batch changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) goods: Option<FulfillmentState>,
    /// Events that became true with this batch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Event>,
    /// Of the last one, whose order is empty: so many more changes are not kept.
    #[serde(skip_serializing_if = "is_zero")]
    pub(crate) more: usize,
}

impl OrderChange {
    pub(super) fn between(before: &OrderRecord, after: &OrderRecord) -> OrderChange {
        let (was, is) = (before.state(), after.state());
        OrderChange {
            order: after.terms.id.clone(),
            status: [was.status.code(), is.status.code()],
            refunded_fee: [was.refunded_fee.get(), is.refunded_fee.get()],
            ..OrderChange::default()
        }
    }
}

/// Bytes of JSON that are kept of what one message changed, some 5,000 orders: a batch has 1,000 at most, and the
/// row of a longer one must fit `max_allowed_packet` of any database.
const CHANGES_LIMIT: usize = 1024 * 1024;

/// The changes as JSON, the first ones where they are too many, with how many are left out.
pub(super) fn changes_json(changes: &[OrderChange]) -> Option<String> {
    let mut json = String::from("[");
    for (at, change) in changes.iter().enumerate() {
        let one = serde_json::to_string(change).ok()?;
        let comma = if at > 0 { "," } else { "" };
        if json.len() + one.len() > CHANGES_LIMIT {
            let more = changes.len() - at;
            let rest = OrderChange { more, ..OrderChange::default() };
            json.push_str(comma);
            json.push_str(&serde_json::to_string(&rest).ok()?);
            break;
        }
        json.push_str(comma);
        json.push_str(&one);
    }
    json.push(']');
    Some(json)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use order::{Event, FulfillmentState};

    use super::{CHANGES_LIMIT, OrderChange, changes_json};

    fn changes(count: usize) -> Vec<OrderChange> {
        let change = |number| OrderChange {
            order: format!("{number:064}"),
            status: [8, 105],
            refunded_fee: [0, 100_000],
            goods: Some(FulfillmentState::Returned),
            events: vec![Event::Refunded, Event::Returned],
            more: 0,
        };
        (0..count).map(change).collect()
    }

    #[test]
    fn a_whole_batch_is_kept_and_more_is_counted() {
        let read = |count| -> Vec<serde_json::Value> {
            let json = changes_json(&changes(count)).expect("JSON");
            assert!(json.len() < CHANGES_LIMIT + 200, "{}", json.len());
            serde_json::from_str(&json).expect("JSON")
        };
        assert_eq!((read(0).len(), read(1).len(), read(1000).len()), (0, 1, 1000));
        assert!(read(1000).iter().all(|change| change.get("more").is_none()));
        let cut = read(20_000);
        let more = cut.last().expect("a last one")["more"].as_u64().expect("a number");
        assert_eq!(cut.len() as u64 - 1 + more, 20_000);
        assert!(more > 0);
    }
}

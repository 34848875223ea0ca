//! What a message changed about orders, as the worker wrote it down.

use alipay::Fen;
use order::FulfillmentState;
use serde::{Deserialize, Serialize};

use crate::operations::order::status_name::status_name;

/// What the run that applied a message changed about one order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AppliedChange {
    pub(crate) status: BeforeAfter<i16>,
    /// Fen.
    pub(crate) refunded_fee: BeforeAfter<i64>,
    /// The state of the goods afterwards, where it changed.
    pub(crate) goods: Option<FulfillmentState>,
    pub(crate) events: Vec<String>,
}

/// An [`AppliedChange`] with its order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OrderChanged {
    pub(crate) order: String,
    #[serde(flatten)]
    pub(crate) change: AppliedChange,
}

impl AppliedChange {
    /// Whether status or money changed.
    pub(crate) fn moves(&self) -> bool {
        self.status.is_change() || self.refunded_fee.is_change()
    }
}

/// A value before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct BeforeAfter<T> {
    pub(crate) before: T,
    pub(crate) after: T,
}

impl<T: PartialEq> BeforeAfter<T> {
    /// Whether the two differ.
    pub(crate) fn is_change(&self) -> bool {
        self.before != self.after
    }
}

/// An element of the `changes` column, as the worker writes it.
#[derive(Deserialize)]
struct WrittenChange {
    order: String,
    status: [i16; 2],
    refunded_fee: [i64; 2],
    #[serde(default)]
    goods: Option<FulfillmentState>,
    #[serde(default)]
    events: Vec<String>,
    /// So many more changes are not kept; such an element has no order.
    #[serde(default)]
    more: usize,
}

/// Changes that the worker counted and did not keep, since one message made too many.
pub(crate) fn not_kept(json: &str) -> usize {
    let written: Vec<WrittenChange> = serde_json::from_str(json).unwrap_or_default();
    written.iter().map(|written| written.more).sum()
}

/// All changes in the JSON that the worker wrote; a form that this version does not know is none.
pub(crate) fn changes_in(json: &str) -> Vec<OrderChanged> {
    let written: Vec<WrittenChange> = serde_json::from_str(json).unwrap_or_default();
    let changed = written.into_iter().filter(|written| written.more == 0).map(|written| {
        let ([status_before, status_after], [fee_before, fee_after]) =
            (written.status, written.refunded_fee);
        OrderChanged {
            order: written.order,
            change: AppliedChange {
                status: BeforeAfter { before: status_before, after: status_after },
                refunded_fee: BeforeAfter { before: fee_before, after: fee_after },
                goods: written.goods,
                events: written.events,
            },
        }
    });
    changed.collect()
}

/// The change of one order.
pub(crate) fn change_of(json: &str, order_id: &str) -> Option<AppliedChange> {
    changes_in(json).into_iter().find(|it| it.order == order_id).map(|it| it.change)
}

/// A change in words; nothing where nothing changed.
pub(crate) fn steps(change: &AppliedChange) -> Vec<String> {
    let mut steps = Vec::new();
    let status = change.status;
    if status.is_change() {
        let (was, is) = (status_name(status.before), status_name(status.after));
        steps.push(format!("status {was} -> {is}"));
    }
    let refunded = change.refunded_fee;
    if refunded.is_change() {
        let (was, is) = (Fen::new(refunded.before), Fen::new(refunded.after));
        steps.push(format!("refunded {was} -> {is} yuan"));
    }
    steps.extend(change.goods.map(|goods| format!("goods {goods}")));
    if !change.events.is_empty() {
        steps.push(format!("events {}", change.events.join(", ")));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::{change_of, changes_in, not_kept};

    #[test]
    fn the_change_of_one_order_among_several() {
        let json = r#"[{"order":"B","status":[0,8],"refunded_fee":[0,0]},
            {"order":"A","status":[8,105],"refunded_fee":[0,100],"goods":"returned",
             "events":["order.refunded"],"later":1}]"#;
        let change = change_of(json, "A").unwrap();
        assert_eq!((change.status.before, change.status.after), (8, 105));
        assert_eq!(change.refunded_fee.after, 100);
        assert_eq!(change.goods, Some(order::FulfillmentState::Returned));
        assert_eq!(change.events, ["order.refunded"]);
        assert!(change_of(json, "C").is_none());
        let cut = r#"[{"order":"","status":[0,0],"refunded_fee":[0,0],"more":412}]"#;
        assert_eq!((changes_in(cut).len(), not_kept(cut), not_kept(json)), (0, 412, 0));
        assert!(change_of("{}", "A").is_none());
    }
}

//! What a ledger promises, compared with what the database holds.

use std::collections::{BTreeMap, BTreeSet};

use order::{FulfillmentState, MessageOutcome, OrderStatus, ProductKind};
use serde::Serialize;
use simulator::{Fault, LedgerLine, NotificationKind};

use super::database::{OrderSeen, Seen};

/// Paid. (`user_order.status`)
const PAID: i16 = OrderStatus::Paid.code();
/// Refunded in full.
const REFUNDED: i16 = OrderStatus::Refunded.code();

/// Something that is not as the ledger says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct LedgerGap {
    /// The order.
    order: String,
    /// The notification, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_id: Option<String>,
    /// One word.
    what: &'static str,
    /// What was found.
    found: String,
}

impl LedgerGap {
    pub(crate) fn text(&self) -> String {
        let id = self.notify_id.as_ref().map(|id| format!(" notify_id={id}")).unwrap_or_default();
        format!("{} order={}{id}: {}", self.what, self.order, self.found)
    }
}

/// How many orders a ledger is about.
pub(crate) fn orders(lines: &[LedgerLine]) -> usize {
    lines.iter().map(|line| line.order.as_str()).collect::<BTreeSet<_>>().len()
}

/// Whether a line is a genuine notification that was answered `success`.
pub(crate) fn counts(line: &LedgerLine) -> bool {
    line.answered_success_at.is_some() && !is_wrong(line)
}

/// Whether a line is a notification that Alipay would not have sent.
fn is_wrong(line: &LedgerLine) -> bool {
    line.fault.is_some_and(|fault| fault.is_forgery() || fault == Fault::WrongAmount)
}

/// Everything that is not as it should be, by order. `others`: orders that the ledger does not
/// name may have been delivered.
pub(crate) fn gaps(lines: &[LedgerLine], seen: &Seen, others: bool) -> Vec<LedgerGap> {
    let mut gaps: Vec<LedgerGap> =
        lines.iter().filter_map(|line| notification(line, seen)).collect();
    let mut by_order: BTreeMap<&str, Expected> = BTreeMap::new();
    for line in lines {
        by_order.entry(&line.order).or_default().add(line);
    }
    for (order, told) in &by_order {
        let gap = |(what, found): (&'static str, String)| LedgerGap {
            order: (*order).to_owned(),
            notify_id: None,
            what,
            found,
        };
        gaps.extend(told.compare(seen.orders.get(*order)).map(gap));
    }
    if !others {
        let delivered = |(order, seen): &(&String, &OrderSeen)| {
            seen.is_new
                && seen.goods == Some(FulfillmentState::Delivered)
                && !by_order.contains_key(order.as_str())
        };
        gaps.extend(seen.orders.iter().filter(delivered).map(|(order, _)| LedgerGap {
            order: order.clone(),
            notify_id: None,
            what: "delivered_without_a_line",
            found: "delivered since the ledger began, which does not name it".to_owned(),
        }));
    }
    gaps.sort_by(|a, b| (&a.order, &a.notify_id).cmp(&(&b.order, &b.notify_id)));
    gaps.dedup();
    gaps
}

fn notification(line: &LedgerLine, seen: &Seen) -> Option<LedgerGap> {
    line.answered_success_at?;
    let gap = |what, found: String| {
        let notify_id = Some(line.notify_id.clone());
        Some(LedgerGap { order: line.order.clone(), notify_id, what, found })
    };
    if line.fault.is_some_and(Fault::is_forgery) {
        return gap("forged", "a forged notification was answered success".to_owned());
    }
    let Some(received) = seen.notifications.get(&line.notify_id) else {
        return gap("not_received", "answered success, and no worker has seen it".to_owned());
    };
    let rejected = received.outcome == MessageOutcome::Rejected.as_str();
    let found = || match &received.reason {
        Some(reason) => format!("{}: {reason}", received.outcome),
        None => received.outcome.clone(),
    };
    match (is_wrong(line), rejected) {
        (true, false) => gap("wrong_amount_taken", found()),
        (false, true) => gap("rejected", found()),
        (true, true) | (false, false) => None,
    }
}

/// What a ledger says about one order.
#[derive(Debug, Default)]
struct Expected {
    paid: bool,
    refunded: bool,
    /// A refund was sent, or lost, or told by its batch alone.
    maybe_refunded: bool,
}

impl Expected {
    fn add(&mut self, line: &LedgerLine) {
        let success = counts(line);
        match line.kind {
            NotificationKind::Pay => self.paid |= success,
            NotificationKind::Refund => {
                self.refunded |= success;
                self.maybe_refunded = true;
            }
            NotificationKind::BatchRefund => self.maybe_refunded = true,
            _ => {}
        }
    }

    fn compare(&self, order: Option<&OrderSeen>) -> Option<(&'static str, String)> {
        if !self.paid && !self.refunded {
            // Never told with success: Alipay may be asked about it, or it stays as it is.
            return None;
        }
        let Some(order) = order else {
            return Some(("no_order", "the shop has no such order".to_owned()));
        };
        let status = order.status;
        if self.refunded && status != REFUNDED {
            return Some(("not_refunded", format!("status {status}, expected {REFUNDED}")));
        }
        if status != PAID && !(status == REFUNDED && self.maybe_refunded) {
            return Some(("not_paid", format!("status {status}, expected {PAID}")));
        }
        use FulfillmentState::{AwaitingManual, AwaitingStock, Delivered};
        let out = matches!(order.goods, Some(Delivered | AwaitingStock | AwaitingManual));
        let goods = order.goods.map_or("none", FulfillmentState::as_str);
        match status {
            PAID if !out => Some(("not_delivered", format!("goods: {goods}"))),
            // What a person delivered by hand, a person takes back.
            REFUNDED if order.goods == Some(Delivered) && order.kind != ProductKind::Manual => {
                Some(("not_taken_back", format!("goods: {goods}")))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use simulator::{Fault, LedgerLine, NotificationKind};

    use super::super::database::{OrderSeen, Received, Seen};
    use super::gaps;

    fn line(
        order: &str,
        kind: NotificationKind,
        fault: Option<Fault>,
        success: bool,
    ) -> LedgerLine {
        let now = chrono::Utc::now();
        LedgerLine {
            order: order.to_owned(),
            notify_id: format!("{order}-{}", kind.name()),
            kind,
            fault,
            sent_at: now,
            attempts: 1,
            answered_success_at: success.then_some(now),
        }
    }

    fn seen(order: &str, status: i16, goods: Option<&str>) -> Seen {
        let mut seen = Seen::default();
        let goods = goods.map(|word| word.parse().unwrap());
        let kind = order::ProductKind::Stock;
        seen.orders.insert(order.to_owned(), OrderSeen { status, kind, goods, is_new: true });
        for kind in ["pay", "refund"] {
            let received = Received { outcome: "applied".to_owned(), reason: None };
            seen.notifications.insert(format!("{order}-{kind}"), received);
        }
        seen
    }

    fn what(lines: &[LedgerLine], seen: &Seen) -> Vec<&'static str> {
        gaps(lines, seen, false).iter().map(|gap| gap.what).collect()
    }

    #[test]
    fn a_payment_is_in_the_inbox_and_delivered() {
        let paid = [line("A", NotificationKind::Pay, None, true)];
        assert_eq!(what(&paid, &seen("A", 8, Some("delivered"))), [""; 0]);
        assert_eq!(what(&paid, &seen("A", 8, Some("awaiting_stock"))), [""; 0]);
        assert_eq!(what(&paid, &seen("A", 8, None)), ["not_delivered"]);
        assert_eq!(what(&paid, &seen("A", 0, None)), ["not_paid"]);
        assert_eq!(what(&paid, &seen("A", 105, Some("returned"))), ["not_paid"]);
        assert_eq!(what(&paid, &Seen::default()), ["no_order", "not_received"]);
    }

    #[test]
    fn a_refund_takes_the_goods_back() {
        let both = [
            line("A", NotificationKind::Pay, None, true),
            line("A", NotificationKind::Refund, None, true),
        ];
        assert_eq!(what(&both, &seen("A", 105, Some("returned"))), [""; 0]);
        assert_eq!(what(&both, &seen("A", 105, Some("delivered"))), ["not_taken_back"]);
        assert_eq!(what(&both, &seen("A", 8, Some("delivered"))), ["not_refunded"]);
        // The answer to the refund was lost: it may have arrived.
        let lost = [
            line("A", NotificationKind::Pay, None, true),
            line("A", NotificationKind::Refund, None, false),
        ];
        for (status, goods) in [(8, "delivered"), (105, "returned")] {
            assert_eq!(what(&lost, &seen("A", status, Some(goods))), [""; 0]);
        }
    }

    #[test]
    fn what_is_not_genuine_must_not_count() {
        let forged = [line("A", NotificationKind::Pay, Some(Fault::Corrupt), true)];
        assert_eq!(what(&forged, &seen("A", 0, None)), ["forged"]);
        let wrong = [line("A", NotificationKind::Pay, Some(Fault::WrongAmount), true)];
        let mut seen = seen("A", 0, None);
        assert_eq!(what(&wrong, &seen), ["wrong_amount_taken"]);
        let reason = Some("total_mismatch".to_owned());
        let rejected = Received { outcome: "rejected".to_owned(), reason };
        seen.notifications.insert("A-pay".to_owned(), rejected);
        assert_eq!(what(&wrong, &seen), [""; 0]);
        assert_eq!(
            what(&[line("A", NotificationKind::Pay, None, true)], &seen),
            ["not_paid", "rejected"]
        );
    }

    #[test]
    fn nothing_else_is_delivered() {
        let paid = [line("A", NotificationKind::Pay, None, false)];
        let seen = seen("B", 8, Some("delivered"));
        assert_eq!(what(&paid, &seen), ["delivered_without_a_line"]);
        assert!(gaps(&paid, &seen, true).is_empty());
    }
}

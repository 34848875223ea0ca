//! When an order is asked about: now, later, never again. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use service::config;
use store::gateway_query::{Due, DueOrder};

/// An unpaid order is not asked about after this age: Alipay closes it after fifteen days.
const UNPAID_LIMIT: TimeDelta = TimeDelta::days(16);
/// No other order after this one: refunds are possible for a year at most.
const LIMIT: TimeDelta = TimeDelta::days(400);

/// The first pause where somebody waits for the answer.
const IMPATIENT: TimeDelta = TimeDelta::minutes(1);
/// The longest pause after an answer that cannot be used.
const REFUSED_LIMIT: TimeDelta = TimeDelta::hours(1);

/// The configured times.
pub(super) struct Limits {
    unpaid_after: TimeDelta,
    silent_after: TimeDelta,
}

impl Limits {
    pub(super) fn of(worker: &config::Worker) -> Limits {
        Limits {
            unpaid_after: delta(worker.query_unpaid_after),
            silent_after: delta(worker.query_silent_after),
        }
    }
}

/// What to do with a row that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Ask.
    Ask,
    /// Something was heard meanwhile: not before this time.
    Later(DateTime<Utc>),
    /// Nothing is left to ask.
    Over,
}

/// Judges a row by its order as it is now.
pub(super) fn judge(due: &Due, limits: &Limits) -> Judgement {
    let Some(order) = &due.order else { return Judgement::Over };
    if !is_routine(&due.why) {
        return Judgement::Ask;
    }
    if order.is_finish {
        return Judgement::Over;
    }
    let quiet_until = order.updated_at + limits.silent_after;
    if is_settled(order) && quiet_until > due.now {
        return Judgement::Later(quiet_until);
    }
    Judgement::Ask
}

/// When an order that was asked about is asked about again: after as long as its row is old, so that the
/// time since the first question doubles with each. `None`: never again, the row goes.
pub(super) fn next(due: &Due, limits: &Limits) -> Option<DateTime<Utc>> {
    let order = due.order.as_ref()?;
    if order.is_finish {
        return None;
    }
    let end = order.created_at + if order.status == 0 { UNPAID_LIMIT } else { LIMIT };
    if due.now >= end {
        return None;
    }
    let first = match order.status {
        0 if is_routine(&due.why) => limits.unpaid_after,
        0 | 32 => IMPATIENT,
        _ => limits.silent_after,
    };
    Some((due.now + first.max(due.now - due.since)).min(end))
}

/// Why it is asked the next time.
pub(super) fn next_why(due: &Due) -> &'static str {
    match due.order.as_ref().map(|order| order.status) {
        Some(0) => "unpaid",
        Some(32) => "in_doubt",
        _ => "silent",
    }
}

/// When a question without a usable answer is repeated. `pause` is that of the gateway.
pub(super) fn retry(due: &Due, transient: bool, pause: Duration) -> DateTime<Utc> {
    if transient {
        return due.now + delta(pause);
    }
    due.now + (due.now - due.since).clamp(IMPATIENT, REFUSED_LIMIT)
}

/// Paid, and the money is where it belongs.
fn is_settled(order: &DueOrder) -> bool {
    !matches!(order.status, 0 | 32)
}

/// A reason of the worker's own: no person asked for it.
fn is_routine(why: &str) -> bool {
    matches!(why, "unpaid" | "silent" | "in_doubt")
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Judgement, Limits, judge, next, retry};
    use chrono::{DateTime, TimeDelta, Utc};
    use store::gateway_query::{Due, DueOrder};

    fn now() -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn limits() -> Limits {
        Limits { unpaid_after: TimeDelta::minutes(10), silent_after: TimeDelta::hours(24) }
    }

    fn due(why: &str, status: i16, is_finish: bool, row_age: TimeDelta) -> Due {
        Due {
            order_id: "A".into(),
            merchant: "shop".into(),
            why: why.into(),
            since: now() - row_age,
            now: now(),
            order: Some(DueOrder {
                status,
                is_finish,
                trade_no: None,
                created_at: now() - row_age - TimeDelta::minutes(10),
                updated_at: now() - TimeDelta::days(3),
            }),
        }
    }

    #[test]
    fn pauses_double_and_end() {
        let mut age = TimeDelta::zero();
        let mut pauses = Vec::new();
        while let Some(at) = next(&due("unpaid", 0, false, age), &limits()) {
            let pause = at - now();
            pauses.push(pause.num_minutes());
            age += pause;
        }
        assert_eq!(pauses[..5], [10, 10, 20, 40, 80]);
        // The last question comes when Alipay has closed the trade for sure.
        assert_eq!(pauses.iter().sum::<i64>(), 16 * 24 * 60 - 10);
        assert!(pauses.len() < 15, "{pauses:?}");
    }

    #[test]
    fn finished_orders_are_over() {
        let hour = TimeDelta::hours(1);
        assert_eq!(judge(&due("silent", 105, true, hour), &limits()), Judgement::Over);
        assert_eq!(judge(&due("unpaid", 32, true, hour), &limits()), Judgement::Over);
        // Unless somebody asks: then once.
        assert_eq!(judge(&due("ops", 4, true, hour), &limits()), Judgement::Ask);
        assert_eq!(next(&due("ops", 4, true, hour), &limits()), None);
        let mut gone = due("ops", 0, false, hour);
        gone.order = None;
        assert_eq!(judge(&gone, &limits()), Judgement::Over);
    }

    #[test]
    fn what_was_heard_of_is_not_silent() {
        let mut paid = due("unpaid", 8, false, TimeDelta::hours(30));
        assert_eq!(judge(&paid, &limits()), Judgement::Ask);
        let heard = now() - TimeDelta::hours(2);
        paid.order.as_mut().unwrap().updated_at = heard;
        let later = Judgement::Later(heard + TimeDelta::hours(24));
        assert_eq!(judge(&paid, &limits()), later);
        paid.why = "ops".into();
        assert_eq!(judge(&paid, &limits()), Judgement::Ask);
        let mut doubtful = due("in_doubt", 32, false, TimeDelta::zero());
        doubtful.order.as_mut().unwrap().updated_at = now();
        assert_eq!(judge(&doubtful, &limits()), Judgement::Ask);
        assert_eq!(next(&doubtful, &limits()), Some(now() + TimeDelta::minutes(1)));
    }

    #[test]
    fn failures_are_tried_again() {
        let pause = std::time::Duration::from_secs(4);
        let young = due("unpaid", 0, false, TimeDelta::zero());
        assert_eq!(retry(&young, true, pause), now() + TimeDelta::seconds(4));
        assert_eq!(retry(&young, false, pause), now() + TimeDelta::minutes(1));
        let old = due("unpaid", 0, false, TimeDelta::days(3));
        assert_eq!(retry(&old, false, pause), now() + TimeDelta::hours(1));
    }
}

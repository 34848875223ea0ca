//! When the gateway is asked about an order: now, later, never again. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use order::{OrderStatus, PaymentState, QueryReason};
use store::gateway_query::{DueOrder, DueQuery};

use crate::clocks::CLOCK_TOLERANCE;
use crate::sweepers::doubling_pause;

/// An unpaid order is not asked about after this age: Alipay closes it after fifteen days.
const MAX_UNPAID_AGE: TimeDelta = TimeDelta::days(16);
/// No other order after this one: refunds are possible for a year at most.
const MAX_ORDER_AGE: TimeDelta = TimeDelta::days(400);

/// The first pause if a person waits for the answer.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// The first pause where goods wait for the answer.
const FIRST_CONFIRM_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// The longest pause after an answer that cannot be used.
const MAX_REFUSED_PAUSE: TimeDelta = TimeDelta::hours(1);

/// How long goods wait for a confirmation before a review reports that the gateway does not know the payment: it confirms
/// within seconds.
pub const UNCONFIRMED_AFTER: TimeDelta = TimeDelta::minutes(10);

/// The configured times.
pub(super) struct QueryIntervals {
    unpaid_after: TimeDelta,
    silent_after: TimeDelta,
}

impl QueryIntervals {
    pub(super) fn of(worker: &config::Worker) -> QueryIntervals {
        QueryIntervals {
            unpaid_after: delta(worker.query_unpaid_after),
            silent_after: delta(worker.query_silent_after),
        }
    }
}

/// What to do with a row that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryStep {
    /// Ask.
    Ask,
    /// The order was updated meanwhile: not before this time.
    Later(DateTime<Utc>),
    /// Nothing is left to ask.
    Over,
}

/// Judges a row by its order as it is now.
pub(super) fn judge(due: &DueQuery, limits: &QueryIntervals) -> QueryStep {
    let Some(order) = &due.order else { return QueryStep::Over };
    if !due.why.is_routine() {
        return QueryStep::Ask;
    }
    if order.is_finish {
        return QueryStep::Over;
    }
    let quiet_until = order.updated_at + limits.silent_after;
    let paid = matches!(order.payment(), PaymentState::Paid | PaymentState::Refunded);
    if paid && quiet_until > due.now {
        return QueryStep::Later(quiet_until);
    }
    QueryStep::Ask
}

/// Whether Alipay is asked to close the order before the query: it is unpaid, and its time limit is over by the
/// database's clock and by this worker's, `here`. A database clock that is hours ahead must not close an order that can
/// still be paid. A pending payment (the seller's account cannot receive yet) is not closed.
pub(super) fn closes_first(due: &DueQuery, here: DateTime<Utc>) -> bool {
    time_over(due).is_some_and(|over| over <= here + CLOCK_TOLERANCE)
        && due.order.as_ref().is_some_and(|order| order.payment().was_never_paid())
}

/// When the next query is due: the pause is as long as the row is old, or as long as the time limit has been over. `None`:
/// never again, the row is deleted. `still_open`: Alipay has closed the trade, and the query did not report that yet.
pub(super) fn next(
    due: &DueQuery,
    limits: &QueryIntervals,
    still_open: bool,
) -> Option<DateTime<Utc>> {
    let order = due.order.as_ref()?;
    if still_open {
        return Some(due.now + FIRST_PAUSE);
    }
    if order.is_finish {
        return None;
    }
    let unpaid = order.payment().is_unpaid();
    let end = order.created_at + if unpaid { MAX_UNPAID_AGE } else { MAX_ORDER_AGE };
    if due.now >= end {
        return None;
    }
    let over = time_over(due).filter(|_| unpaid);
    let first = match order.status {
        _ if over.is_some() => FIRST_PAUSE,
        _ if unpaid && due.why.is_routine() => limits.unpaid_after,
        OrderStatus::Placed | OrderStatus::Closed => FIRST_PAUSE,
        _ => limits.silent_after,
    };
    let since = over.map_or(due.since, |over| over.max(due.since));
    Some((due.now + doubling_pause(due.now - since, first, TimeDelta::MAX)).min(end))
}

/// The next query for an order whose goods wait and whose payment the gateway does not report yet: its servers can lag
/// behind its own notification.
pub(super) fn confirm_again(due: &DueQuery) -> DateTime<Utc> {
    due.now + doubling_pause(due.now - due.since, FIRST_CONFIRM_PAUSE, TimeDelta::MAX)
}

/// Why it is asked the next time.
pub(super) fn next_why(due: &DueQuery) -> QueryReason {
    match due.order.as_ref().map(DueOrder::payment) {
        Some(PaymentState::ClosedUnpaid) => QueryReason::OpenTooLate,
        Some(unpaid) if unpaid.is_unpaid() && time_over(due).is_some() => QueryReason::Expired,
        Some(unpaid) if unpaid.is_unpaid() => QueryReason::Unpaid,
        Some(PaymentState::InDoubt) => QueryReason::InDoubt,
        _ => QueryReason::Silent,
    }
}

/// Whether the gateway was queried often enough: a payment that is known here does not exist there. While
/// goods wait for a confirmation it is asked at growing intervals anyway.
pub(super) fn is_asked_again(due: &DueQuery) -> bool {
    match due.why {
        QueryReason::NotAtAlipay => true,
        QueryReason::Confirm => due.now - due.since >= UNCONFIRMED_AFTER,
        _ => false,
    }
}

/// When the gateway is asked once more about an order that is paid here and not there.
pub(super) fn once_more(due: &DueQuery) -> DateTime<Utc> {
    due.now + FIRST_PAUSE
}

/// An implausible time limit does not count: no trade is closed because of it.
pub(super) fn forget_implausible_limit(due: &mut DueQuery, longest: Option<TimeDelta>) {
    if let Some(order) = &mut due.order {
        let limit = order::time_limit(order.created_at, order.expires_at, longest);
        order.expires_at = limit.ok().flatten();
    }
}

/// When the order's time limit ended, if it has.
fn time_over(due: &DueQuery) -> Option<DateTime<Utc>> {
    due.order.as_ref()?.expires_at.filter(|expires_at| *expires_at <= due.now)
}

/// When a query without a usable answer is repeated. `pause` is that of the gateway.
pub(super) fn retry(due: &DueQuery, transient: bool, pause: Duration) -> DateTime<Utc> {
    if transient {
        return due.now + delta(pause);
    }
    due.now + doubling_pause(due.now - due.since, FIRST_PAUSE, MAX_REFUSED_PAUSE)
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

#[cfg(test)]
mod tests {
    use super::{
        QueryIntervals, QueryStep, closes_first, is_asked_again, judge, next, next_why, retry,
    };
    use chrono::{DateTime, TimeDelta, Utc};
    use order::QueryReason::{Confirm, Expired, InDoubt, NotAtAlipay, Request, Silent, Unpaid};
    use order::{OrderStatus, QueryReason, TradeStatusCode};
    use store::gateway_query::{DueOrder, DueQuery};

    fn now() -> DateTime<Utc> {
        "2026-11-23T12:00:00Z".parse().unwrap()
    }

    fn limits() -> QueryIntervals {
        QueryIntervals { unpaid_after: TimeDelta::minutes(10), silent_after: TimeDelta::hours(24) }
    }

    fn due(why: QueryReason, status: i16, is_finish: bool, row_age: TimeDelta) -> DueQuery {
        DueQuery {
            order_id: "A".into(),
            merchant: "shop".into(),
            why,
            since: now() - row_age,
            now: now(),
            order: Some(DueOrder {
                status: OrderStatus::from_code(status).unwrap(),
                is_finish,
                trade_no: None,
                trade_status: TradeStatusCode::NoPay,
                expires_at: None,
                expired_at: None,
                created_at: now() - row_age - TimeDelta::minutes(10),
                updated_at: now() - TimeDelta::days(3),
            }),
        }
    }

    #[test]
    fn contradictions_are_queried_a_second_time() {
        let asked = |why, age| is_asked_again(&due(why, 8, false, age));
        assert!(!asked(Silent, TimeDelta::days(2)) && !asked(Request, TimeDelta::days(2)));
        assert!(asked(NotAtAlipay, TimeDelta::zero()));
        // Goods wait: a review is raised after ten minutes.
        assert!(!asked(Confirm, TimeDelta::minutes(9)) && asked(Confirm, TimeDelta::minutes(10)));
    }

    #[test]
    fn pauses_double_and_end() {
        let mut age = TimeDelta::zero();
        let mut pauses = Vec::new();
        while let Some(at) = next(&due(Unpaid, 0, false, age), &limits(), false) {
            let pause = at - now();
            pauses.push(pause.num_minutes());
            age += pause;
        }
        assert_eq!(pauses[..5], [10, 10, 20, 40, 80]);
        // The last query comes when Alipay has closed the trade for sure.
        assert_eq!(pauses.iter().sum::<i64>(), 16 * 24 * 60 - 10);
        assert!(pauses.len() < 15, "{pauses:?}");
    }

    #[test]
    fn finished_orders_are_over() {
        let hour = TimeDelta::hours(1);
        assert_eq!(judge(&due(Silent, 105, true, hour), &limits()), QueryStep::Over);
        assert_eq!(judge(&due(Unpaid, 32, true, hour), &limits()), QueryStep::Over);
        // Unless somebody asks: then once.
        assert_eq!(judge(&due(QueryReason::Ops, 4, true, hour), &limits()), QueryStep::Ask);
        assert_eq!(next(&due(QueryReason::Ops, 4, true, hour), &limits(), false), None);
        let mut gone = due(QueryReason::Ops, 0, false, hour);
        gone.order = None;
        assert_eq!(judge(&gone, &limits()), QueryStep::Over);
    }

    #[test]
    fn recently_updated_orders_are_not_silent() {
        let mut paid = due(Unpaid, 8, false, TimeDelta::hours(30));
        assert_eq!(judge(&paid, &limits()), QueryStep::Ask);
        let heard = now() - TimeDelta::hours(2);
        paid.order.as_mut().unwrap().updated_at = heard;
        let later = QueryStep::Later(heard + TimeDelta::hours(24));
        assert_eq!(judge(&paid, &limits()), later);
        paid.why = QueryReason::Ops;
        assert_eq!(judge(&paid, &limits()), QueryStep::Ask);
        let mut doubtful = due(InDoubt, 32, false, TimeDelta::zero());
        doubtful.order.as_mut().unwrap().updated_at = now();
        doubtful.order.as_mut().unwrap().trade_status = TradeStatusCode::TradeClosed;
        assert_eq!(judge(&doubtful, &limits()), QueryStep::Ask);
        assert_eq!(next(&doubtful, &limits(), false), Some(now() + TimeDelta::minutes(1)));
    }

    /// An order that waits for money, whose time has been over for so long.
    fn over(status: i16, trade_status: i16, is_finish: bool, since: TimeDelta) -> DueQuery {
        let mut due = due(Expired, status, is_finish, TimeDelta::hours(1));
        let order = due.order.as_mut().unwrap();
        order.trade_status = TradeStatusCode::from_code(trade_status).unwrap();
        order.expires_at = Some(now() - since);
        due
    }

    #[test]
    fn unpaid_expired_orders_are_closed_before_the_query() {
        let minute = TimeDelta::minutes(1);
        // Placed; a trade waits; expired; closed, about which a new query was requested.
        for (status, trade_status, is_finish) in
            [(0, 0, false), (0, 1, false), (32, 0, false), (32, 1, false), (32, 5, true)]
        {
            let mut over = over(status, trade_status, is_finish, minute);
            assert!(closes_first(&over, now()), "{status} {trade_status}");
            over.order.as_mut().unwrap().expires_at = Some(now() + minute);
            assert!(!closes_first(&over, now()), "{status} {trade_status}");
            over.order.as_mut().unwrap().expires_at = None;
            assert!(!closes_first(&over, now()), "{status} {trade_status}");
        }
        assert!(closes_first(&over(0, 0, false, TimeDelta::zero()), now()));
        // Paid to a seller that cannot receive yet; paid; in doubt; refunded.
        for (status, trade_status, is_finish) in
            [(0, 7, false), (8, 8, false), (32, 5, false), (105, 5, true)]
        {
            assert!(
                !closes_first(&over(status, trade_status, is_finish, minute), now()),
                "{status}"
            );
        }
    }

    #[test]
    fn a_database_clock_ahead_closes_nothing() {
        let ended = over(0, 1, false, TimeDelta::hours(7));
        let here = |ahead: TimeDelta| closes_first(&ended, now() - ahead);
        assert!(here(TimeDelta::zero()) && here(TimeDelta::hours(7)));
        assert!(!here(TimeDelta::hours(8)) && !here(TimeDelta::hours(7) + TimeDelta::minutes(1)));
        // One that is behind closes later, and no sooner.
        assert!(here(-TimeDelta::hours(8)));
    }

    #[test]
    fn an_expired_order_is_asked_about_as_an_unpaid_one() {
        let next = |due: &DueQuery, open| super::next(due, &limits(), open).map(|at| at - now());
        let minute = TimeDelta::minutes(1);
        for status in [0, 32] {
            let just = over(status, 0, false, TimeDelta::zero());
            assert_eq!(next(&just, false), Some(minute));
            assert_eq!(next_why(&just), Expired);
            let hours = TimeDelta::minutes(40);
            assert_eq!(next(&over(status, 0, false, hours), false), Some(hours));
            assert_eq!(next(&over(status, 1, false, hours), true), Some(minute));
            let mut old = over(status, 0, false, TimeDelta::days(16));
            old.order.as_mut().unwrap().created_at = now() - TimeDelta::days(16);
            assert_eq!(next(&old, false), None);
        }
        // Closed there and here, and yet a trade waits: it is asked about until that is closed, too.
        let mut open = over(32, 5, true, minute);
        assert_eq!((next(&open, false), next(&open, true)), (None, Some(minute)));
        assert_eq!(judge(&open, &limits()), QueryStep::Over);
        open.why = next_why(&open);
        assert_eq!(judge(&open, &limits()), QueryStep::Ask);
    }

    #[test]
    fn failures_are_tried_again() {
        let pause = std::time::Duration::from_secs(4);
        let young = due(Unpaid, 0, false, TimeDelta::zero());
        assert_eq!(retry(&young, true, pause), now() + TimeDelta::seconds(4));
        assert_eq!(retry(&young, false, pause), now() + TimeDelta::minutes(1));
        let old = due(Unpaid, 0, false, TimeDelta::days(3));
        assert_eq!(retry(&old, false, pause), now() + TimeDelta::hours(1));
    }
}

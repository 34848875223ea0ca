//! Findings about workers, queues, retries, dead letters, events.

use order::PauseScope;
use store::pause::PauseRow;

use super::*;
use crate::operations::pause::{ListedPause, PauseState};

#[test]
fn workers_that_are_gone_or_stand_still() {
    let none = |messages: u32, rows: Vec<WorkerRow>| {
        judged(|it| {
            it.queues = Some(vec![queue(work_queue(0), messages, 0)]);
            it.workers = Some(rows);
        })
    };
    let verdict = none(4, Vec::new());
    assert_eq!(verdict.findings[0].describe().code, "no_workers");
    assert_eq!(
        verdict.findings[0].describe().seen,
        "no worker consumes alipay.notify.0: 4 messages wait"
    );
    let verdict = none(1, vec![WorkerRow { age_ms: 60_000, ..worker("a:1:1") }]);
    assert_eq!(verdict.findings.len(), 1, "{verdict:?}");
    let seen = verdict.findings[0].describe().seen;
    assert!(seen.contains("1 message waits; worker a:1:1 last reported at 2026-"), "{seen}");
    // One that lives and does not consume says why.
    let trouble = WorkerRow { trouble: Some("a lane is not consuming".into()), ..worker("a:1:1") };
    let verdict = none(0, vec![trouble.clone()]);
    assert_eq!(verdict.findings.len(), 1, "{verdict:?}");
    assert!(
        printed(&verdict).contains("not ready: a lane is not consuming"),
        "{}",
        printed(&verdict)
    );

    assert_eq!(workers(|it| *it = trouble), ["NOW worker_not_ready"]);
    assert_eq!(workers(|it| (it.messages, it.busy_ms) = (4, 61_000)), ["NOW work_stands_still"]);
    assert_eq!(workers(|it| (it.messages, it.busy_ms) = (4, 59_000)), [""; 0]);
    assert_eq!(workers(|it| it.age_ms = 31_000), ["to do worker_gone"]);
    // Written while the clock was ahead.
    assert_eq!(workers(|it| it.age_ms = -28_800_000), ["to do worker_gone"]);
    assert_eq!(workers(|it| it.held = 2), ["NOW messages_held"]);
    let queues = |messages| found(|it| it.queues = Some(vec![queue(work_queue(0), messages, 1)]));
    assert_eq!((queues(10_000), queues(10_001)), (vec![], vec!["NOW backlog".to_owned()]));
    // A queue that is not there has no consumers to miss: it is missing.
    let mut gone = queue(work_queue(0), 0, 0);
    (gone.messages, gone.ready, gone.consumers) = (None, None, None);
    assert_eq!(found(|it| it.queues = Some(vec![gone])), [""; 0]);
}

#[test]
fn workers_that_crash_again_and_again() {
    let silent = |name: &str, minutes: i64| WorkerRow {
        seen_at: ago(TimeDelta::minutes(minutes)),
        age_ms: minutes * 60_000,
        ..worker(name)
    };
    let with = |rows: Vec<WorkerRow>| found(|it| it.workers = Some(rows));
    let started = |minutes: i64, name: &str| WorkerRow {
        started_at: ago(TimeDelta::minutes(minutes)),
        ..worker(name)
    };
    // In its place another was started on the same host.
    assert_eq!(with(vec![started(4, "a:9:1"), silent("a:1:1", 5)]), [""; 0]);
    // That one ran before, or runs elsewhere.
    assert_eq!(with(vec![started(6, "a:9:1"), silent("a:1:1", 5)]), ["to do worker_gone"]);
    assert_eq!(with(vec![started(4, "b:9:1"), silent("a:1:1", 5)]), ["to do worker_gone"]);
    let crashes = [silent("a:1:1", 5), silent("a:2:1", 4), silent("a:3:1", 3)];
    let rows = |crashes: &[WorkerRow]| [&[started(1, "a:9:1")], crashes].concat();
    assert_eq!(with(rows(&crashes)), ["NOW workers_crash"]);
    assert_eq!(with(rows(&crashes[..2])), [""; 0]);
    let old = [silent("a:1:1", 25), silent("a:2:1", 24), silent("a:3:1", 23)];
    assert_eq!(with(rows(&old)), [""; 0]);
    // Workers that nobody consumes with: is one alive?
    let advice = |rows: Vec<WorkerRow>| {
        let verdict = judged(|it| {
            it.queues = Some(vec![queue(work_queue(0), 1, 0)]);
            it.workers = Some(rows);
        });
        verdict.findings[0].describe().to_do
    };
    assert!(advice(vec![worker("a:1:1")]).starts_with("a worker runs"));
    assert!(advice(vec![silent("a:1:1", 5)]).starts_with("start a worker"));
}

#[test]
fn retries_letters_and_events() {
    let tier = |copies, overdue| TierCopies {
        tier: "alipay.retry.2m".into(),
        copies,
        overdue,
        oldest_overdue: (overdue > 0).then(|| ago(minutes(9))),
    };
    let retries = |rows: Vec<TierCopies>| found(|it| it.retries = Some(rows));
    assert_eq!(retries(vec![tier(2, 0)]), ["to do retries_waiting"]);
    assert_eq!(retries(vec![tier(12, 0), tier(9, 0)]), ["soon retries_waiting"]);
    assert_eq!(retries(vec![tier(2, 1)]), ["NOW retries_overdue"]);
    let letters = judged(|it| {
        it.dead_letters = Some(4);
        it.dead_letters_by_reason =
            Some([("total_mismatch".to_owned(), 1), ("order_not_found".to_owned(), 3)].into());
    });
    assert_eq!(
        letters.findings[0].describe().seen,
        "4 dead letters: 3 order_not_found, 1 total_mismatch"
    );
    assert_eq!(letters.findings[0].describe().urgency, Urgency::Soon);
    let one = judged(|it| (it.dead_letters, it.dead_letters_by_reason) = (Some(1), None));
    assert_eq!(one.findings[0].describe().seen, "1 dead letter");
    let events = |time: TimeDelta| {
        found(|it| it.outbox = Some(Outbox { unpublished: 1, oldest: Some(ago(time)) }))
    };
    assert_eq!(
        (events(minutes(2)), events(minutes(1))),
        (vec!["soon events_not_published".to_owned()], vec![])
    );
    let off = judged(|it| {
        it.outbox = Some(Outbox { unpublished: 2, oldest: Some(ago(minutes(2))) });
        it.events_enabled = false;
    });
    assert!(
        printed(&off).contains("2 events are not published")
            && printed(&off).contains("events.enabled"),
        "{}",
        printed(&off)
    );
}

/// A pause that is not over.
fn paused(scope: PauseScope) -> ListedPause {
    let row = PauseRow {
        id: 1,
        scope,
        scope_id: String::new(),
        reason: "moved".to_owned(),
        begun_by: "wang".to_owned(),
        begun_at: ago(minutes(5)),
        ends_at: ago(minutes(-5)),
        ended_at: None,
        ended_by: None,
    };
    ListedPause { row, state: PauseState::Active, messages: 0, oldest: None }
}

#[test]
fn while_everything_is_paused_the_pause_is_the_finding() {
    let stopped = |scope| {
        found(|it| {
            it.pauses = Some(vec![paused(scope)]);
            it.queues = Some(vec![queue(work_queue(0), 20_000, 0)]);
        })
    };
    assert_eq!(stopped(PauseScope::Everything), ["soon paused"]);
    let of_merchant = stopped(PauseScope::Merchant);
    assert_eq!(of_merchant, ["NOW no_workers", "NOW backlog", "to do paused"]);
}

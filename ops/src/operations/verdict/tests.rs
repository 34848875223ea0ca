//! Every finding from the facts that make it, and none from a system that is well.

mod alerts;
mod broker;
mod certificates;
mod goods;
mod ingress;
mod work;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use queue::topology::{TopologyObject, work_queue};
use store::BeijingTime;
use store::counts::WaitingCount;
use store::gateway_query::AskedCounts;
use store::retry_copy::TierCopies;
use store::stock::LowStock;
use store::throughput::Throughput;
use store::user_order::MerchantOrders;
use store::worker_heartbeat::WorkerRow;
use store::write_access::WriteAccess;

use super::{CertificateSpan, NotAsked, SystemHealth, Urgency, Verdict, length};
use crate::operations::management::BrokerAlarm;
use crate::operations::overview::broker::{BrokerState, QueueDepth};
use crate::operations::overview::ingress::{Counted, IngressAnswer, IngressLook, Notifications};
use crate::operations::overview::topology::TopologyState;
use crate::operations::overview::{Outbox, Overview};
use crate::operations::topology_findings::TopologyFinding as Odd;
use crate::operations::unknown_merchant::UnknownMerchant;

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn ago(time: TimeDelta) -> BeijingTime {
    BeijingTime(now() - time)
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn nothing() -> Option<WaitingCount> {
    Some(WaitingCount { count: 0, oldest: None })
}

fn waits(count: i64, time: TimeDelta) -> Option<WaitingCount> {
    Some(WaitingCount { count, oldest: Some(ago(time)) })
}

fn queue(name: String, messages: u32, consumers: u32) -> QueueDepth {
    QueueDepth { name, messages: Some(messages), ready: Some(messages), consumers: Some(consumers) }
}

fn worker(name: &str) -> WorkerRow {
    WorkerRow {
        worker: name.to_owned(),
        version: "1".to_owned(),
        started_at: ago(minutes(60)),
        seen_at: ago(TimeDelta::seconds(2)),
        age_ms: 2000,
        clock_ahead_ms: 0,
        message_ahead_ms: 0,
        messages: 0,
        busy_ms: 0,
        held: 0,
        trouble: None,
    }
}

/// A system that is well: one worker, everything at zero.
fn well() -> Overview {
    let mut overview = Overview::empty(BeijingTime(now()));
    overview.queues = Some(vec![queue(work_queue(0), 0, 2)]);
    overview.queue_totals = Some(false);
    overview.retries = Some(Vec::new());
    overview.dead_letters = Some(0);
    overview.dead_letters_by_reason = Some(BTreeMap::new());
    overview.outbox = Some(Outbox { unpublished: 0, oldest: None });
    overview.awaiting_stock = nothing();
    overview.awaiting_manual = nothing();
    overview.awaiting_account = nothing();
    overview.open_reviews = nothing();
    overview.refunds_unknown = nothing();
    overview.gateway_queries = Some(AskedCounts {
        orders: 5,
        due: 0,
        failed: 0,
        confirming: 0,
        oldest_confirming: None,
        oldest_due: None,
    });
    overview.low_stock = Some(Vec::new());
    overview.unknown_merchants = Some(Vec::new());
    overview.work = Some(Throughput {
        messages: 3,
        events: 3,
        latest: Some(ago(minutes(1))),
        behind_milliseconds: Some(4),
    });
    overview.workers = Some(vec![worker("a:1:1")]);
    overview.broker = Some(BrokerState::default());
    overview.write_access = Some(WriteAccess::default());
    overview.database_ahead = Some(TimeDelta::zero());
    overview.events_enabled = true;
    overview
}

fn workers(change: impl FnOnce(&mut WorkerRow)) -> Vec<String> {
    found(|it| change(&mut it.workers.as_mut().unwrap()[0]))
}

/// What is found after a change, as `urgency code`.
fn found(change: impl FnOnce(&mut Overview)) -> Vec<String> {
    let verdict = judged(change);
    let line = |it: &super::Finding| {
        format!("{} {}", super::urgency_word(it.urgency()).trim_end(), it.describe().code)
    };
    verdict.findings.iter().map(line).collect()
}

/// The headline, and each finding as it is told.
fn printed(verdict: &Verdict) -> String {
    let mut lines = vec![verdict.headline()];
    lines.extend(verdict.findings.iter().map(|it| {
        format!(
            "{} {}: {}\n      do: {}",
            super::urgency_word(it.urgency()),
            it.describe().code,
            it.describe().seen,
            it.describe().to_do
        )
    }));
    lines.join("\n")
}

fn judged(change: impl FnOnce(&mut Overview)) -> Verdict {
    let mut overview = well();
    change(&mut overview);
    overview.judge();
    for finding in &overview.verdict.findings {
        assert!(
            !finding.describe().seen.is_empty()
                && !finding.describe().to_do.is_empty()
                && !finding.describe().chinese.is_empty()
        );
    }
    overview.verdict
}

#[test]
fn a_system_that_is_well_has_no_findings() {
    let verdict = judged(|_| {});
    assert_eq!((verdict.answer, verdict.findings.len()), (SystemHealth::Well, 0));
    assert_eq!(printed(&verdict), "all is well");
    // Nor one of which nothing was gathered, as before a schema is there.
    assert_eq!(Verdict::of(&Overview::empty(BeijingTime(now()))).answer, SystemHealth::Well);
}

#[test]
fn what_could_not_be_asked_is_a_finding_and_the_rest_is_told() {
    let why = || "127.0.0.1:1: Connection refused".to_owned();
    let verdict = judged(|it| {
        it.not_asked.push(NotAsked::Database { why: why() });
        it.dead_letters = Some(1);
    });
    assert_eq!(verdict.answer, SystemHealth::NotAllAsked);
    assert!(
        printed(&verdict).starts_with(
            "not everything could be asked: 2 things\nNOW   database_not_asked: 127.0.0.1:1"
        ),
        "{}",
        printed(&verdict)
    );
    assert_eq!(verdict.findings[1].describe().code, "dead_letters");
    assert_eq!(
        found(|it| it.not_asked.push(NotAsked::Broker { why: why() })),
        ["NOW broker_not_asked"]
    );
    // What is a help alone does not make the answer unknown.
    for (not_asked, code) in [
        (NotAsked::Management { why: why() }, "to do management_not_asked"),
        (NotAsked::Topology { why: why() }, "to do topology_not_asked"),
    ] {
        assert_eq!(found(|it| it.not_asked.push(not_asked.clone())), [code]);
        assert_eq!(judged(|it| it.not_asked.push(not_asked)).answer, SystemHealth::Well);
    }
}

#[test]
fn a_database_without_writes() {
    let variable = WriteAccess { read_only: Some("read_only = 1".into()), refused: None };
    let verdict = judged(|it| it.write_access = Some(variable.clone()));
    assert_eq!(verdict.findings[0].describe().code, "database_read_only");
    let seen = verdict.findings[0].describe().seen;
    assert!(
        seen.starts_with("database read-only (read_only = 1); this account can still write"),
        "{seen}"
    );
    let refused = WriteAccess { refused: Some("--read-only".into()), ..variable };
    let verdict = judged(|it| {
        it.write_access = Some(refused.clone());
        let worker = &mut it.workers.as_mut().unwrap()[0];
        (worker.seen_at, worker.age_ms) = (ago(minutes(5)), 300_000);
    });
    assert_eq!(
        verdict.findings.iter().map(|it| it.describe().code).collect::<Vec<_>>(),
        ["database_read_only"],
        "a worker that cannot write is not gone"
    );
    let seen = verdict.findings[0].describe().seen;
    assert!(
        seen.starts_with("database read-only since 2026-11-23 19:55:00 (read_only = 1): nothing"),
        "{seen}"
    );
    let alone = WriteAccess { read_only: None, refused: Some("the node is not ready".into()) };
    assert_eq!(found(|it| it.write_access = Some(alone)), ["NOW database_read_only"]);
}

#[test]
fn clocks() {
    let eight = TimeDelta::hours(8);
    let database = |ahead: TimeDelta| {
        judged(|it| {
            it.database_ahead = Some(ahead);
            // What the database wrote has its time, and workers see the same difference.
            let worker = &mut it.workers.as_mut().unwrap()[0];
            (worker.seen_at, worker.clock_ahead_ms) =
                (BeijingTime(now() + ahead), -ahead.num_milliseconds());
        })
    };
    for ahead in [TimeDelta::seconds(31), -TimeDelta::seconds(31), eight, -eight] {
        let verdict = database(ahead);
        let codes: Vec<&str> = verdict.findings.iter().map(|it| it.describe().code).collect();
        assert_eq!(codes, ["clocks_disagree"], "{ahead}");
    }
    assert_eq!(database(TimeDelta::seconds(30)).findings.len(), 0);
    let seen = database(eight).findings[0].describe().seen;
    assert!(seen.contains("8 h ahead of this machine's (8 hours: local time"), "{seen}");
    let seen = database(-TimeDelta::minutes(5)).findings[0].describe().seen;
    assert!(seen.contains("5 min behind this machine's:"), "{seen}");

    assert_eq!(workers(|it| it.clock_ahead_ms = 31_000), ["NOW clocks_disagree"]);
    assert_eq!(workers(|it| it.clock_ahead_ms = -28_800_000), ["NOW clocks_disagree"]);
    assert_eq!(workers(|it| it.clock_ahead_ms = 29_000), [""; 0]);
    assert_eq!(workers(|it| it.message_ahead_ms = 28_800_000), ["NOW clocks_disagree"]);
    assert_eq!(workers(|it| it.message_ahead_ms = -28_800_000), ["NOW clocks_disagree"]);
    let inbox = |milliseconds: i64, latest: TimeDelta| {
        found(|it| {
            let work = it.work.as_mut().unwrap();
            (work.behind_milliseconds, work.latest) = (Some(milliseconds), Some(ago(latest)));
        })
    };
    assert_eq!(inbox(-28_800_000, minutes(1)), ["NOW clocks_disagree"]);
    assert_eq!(inbox(-20_000, minutes(1)), [""; 0]);
    // It may have been set right since; and hours on the way are no sign of a clock.
    assert_eq!(inbox(-28_800_000, minutes(60)), [""; 0]);
    assert_eq!(inbox(28_800_000, minutes(1)), [""; 0]);
    // The heartbeat of a worker that is gone says nothing of today.
    let gone = workers(|it| (it.clock_ahead_ms, it.age_ms) = (28_800_000, 70_000));
    assert_eq!(gone, ["to do worker_gone"]);
}

#[test]
fn the_most_urgent_comes_first_and_each_says_what_to_do() {
    let verdict = judged(|it| {
        it.open_reviews = waits(1, minutes(1));
        it.dead_letters = Some(1);
        it.queues = Some(vec![queue(work_queue(0), 0, 0)]);
        it.write_access = Some(WriteAccess { read_only: None, refused: Some("no".into()) });
    });
    let codes: Vec<&str> = verdict.findings.iter().map(|it| it.describe().code).collect();
    assert_eq!(codes, ["database_read_only", "no_workers", "dead_letters", "reviews_open"]);
    assert_eq!((verdict.answer, verdict.wrong()), (SystemHealth::Wrong, 3));
    assert_eq!(verdict.headline(), "3 things are wrong; 1 to do");
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["verdict"], "wrong");
    assert_eq!(json["findings"][2]["code"], "dead_letters");
    assert_eq!(json["findings"][2]["urgency"], "soon");
    assert_eq!(json["findings"][2]["explained"], "docs/troubleshooting.md#dead_letters");
    let well = judged(|it| it.open_reviews = waits(1, minutes(1)));
    assert_eq!(
        (well.answer, well.headline()),
        (SystemHealth::Well, "all is well; 1 to do".to_owned())
    );
}

#[test]
fn lengths_of_time() {
    for (seconds, text) in [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (-300, "5 min"),
        (7199, "119 min"),
        (28_800, "8 h"),
        (-28_790, "8 h"),
        (172_800, "2 days"),
    ] {
        assert_eq!(length(TimeDelta::seconds(seconds)), text);
    }
}

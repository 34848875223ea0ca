//! Every finding from the facts that make it, and none from a system that is well.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use queue::topology::{Change, work_queue};
use store::report::{AskedCounts, BeijingTime, LowStock, MerchantOrders, Pulse, Waiting};
use store::retry_copy::TierCopies;
use store::worker_heartbeat::WorkerRow;
use store::write_access::WriteAccess;

use super::{Answer, CertificateSpan, NotAsked, Urgency, Verdict, length};
use crate::management::BrokerAlarm;
use crate::overview::broker::{BrokerState, QueueDepth};
use crate::overview::ingress::{IngressAnswer, IngressLook, Notifications};
use crate::overview::topology::Topology;
use crate::overview::{Outbox, Overview};
use crate::topology_findings::Finding as Odd;
use crate::unknown_merchant::UnknownMerchant;

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn ago(time: TimeDelta) -> BeijingTime {
    BeijingTime(now() - time)
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

fn nothing() -> Option<Waiting> {
    Some(Waiting { count: 0, oldest: None })
}

fn waits(count: i64, time: TimeDelta) -> Option<Waiting> {
    Some(Waiting { count, oldest: Some(ago(time)) })
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
    overview.work = Some(Pulse {
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

/// What is found after a change, as `urgency code`.
fn found(change: impl FnOnce(&mut Overview)) -> Vec<String> {
    let verdict = judged(change);
    let line = |it: &super::Finding| format!("{} {}", it.urgency().word().trim_end(), it.code());
    verdict.findings.iter().map(line).collect()
}

/// As it is printed without colours.
fn printed(verdict: &Verdict) -> String {
    crate::terminal::render(&verdict.text(), false, |part| part.to_owned())
}

fn judged(change: impl FnOnce(&mut Overview)) -> Verdict {
    let mut overview = well();
    change(&mut overview);
    overview.judge();
    for finding in &overview.verdict.findings {
        assert!(
            !finding.seen().is_empty()
                && !finding.to_do().is_empty()
                && !finding.chinese().is_empty()
        );
    }
    overview.verdict
}

#[test]
fn a_system_that_is_well_has_no_findings() {
    let verdict = judged(|_| {});
    assert_eq!((verdict.answer, verdict.findings.len()), (Answer::Well, 0));
    assert_eq!(printed(&verdict), "all is well");
    // Nor one of which nothing was gathered, as before a schema is there.
    assert_eq!(Verdict::of(&Overview::empty(BeijingTime(now()))).answer, Answer::Well);
}

#[test]
fn what_could_not_be_asked_is_a_finding_and_the_rest_is_told() {
    let why = || "127.0.0.1:1: Connection refused".to_owned();
    let verdict = judged(|it| {
        it.not_asked.push(NotAsked::Database { why: why() });
        it.dead_letters = Some(1);
    });
    assert_eq!(verdict.answer, Answer::NotAllAsked);
    assert!(
        printed(&verdict).starts_with(
            "not everything could be asked: 2 things\nNOW   database_not_asked: 127.0.0.1:1"
        ),
        "{}",
        printed(&verdict)
    );
    assert_eq!(verdict.findings[1].code(), "dead_letters");
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
        assert_eq!(judged(|it| it.not_asked.push(not_asked)).answer, Answer::Well);
    }
}

fn broker(change: impl FnOnce(&mut BrokerState)) -> Vec<String> {
    found(|it| change(it.broker.as_mut().unwrap()))
}

#[test]
fn alarms_of_the_broker() {
    let alarm = |resource: &str| BrokerAlarm { node: "rabbit@a".into(), resource: resource.into() };
    assert_eq!(broker(|it| it.alarms = vec![alarm("memory")]), ["NOW broker_memory_alarm"]);
    assert_eq!(broker(|it| it.alarms = vec![alarm("disk")]), ["NOW broker_disk_alarm"]);
    assert_eq!(
        broker(|it| it.alarms = vec![alarm("file_descriptor_limit")]),
        ["NOW broker_blocked"]
    );
    let blocked = |reason: &str| broker(|it| it.blocked = Some(reason.to_owned()));
    assert_eq!(blocked("low on memory"), ["NOW broker_memory_alarm"]);
    assert_eq!(blocked("low on disk"), ["NOW broker_disk_alarm"]);
    assert_eq!(blocked("low on memory & disk"), ["NOW broker_memory_alarm"]);
    assert_eq!(blocked(""), ["NOW broker_blocked"]);
    // Both sources tell of one thing.
    let both = broker(|it| {
        it.alarms = vec![alarm("memory"), alarm("memory")];
        it.blocked = Some("low on memory".into());
    });
    assert_eq!(both, ["NOW broker_memory_alarm"]);
}

/// An ingress that answers so, with `accepted` and `bad_signature` by merchant.
fn ingress(answer: IngressAnswer, counts: &[(&str, u64, u64)]) -> impl FnOnce(&mut Overview) {
    let count = |&(merchant, accepted, bad_signature): &(&str, u64, u64)| {
        (merchant.to_owned(), Notifications { accepted, bad_signature })
    };
    let notifications = counts.iter().map(count).collect();
    let look = IngressLook { address: "127.0.0.1:9100".to_owned(), answer, notifications };
    |it| it.ingress = Some(look)
}

#[test]
fn an_ingress_that_is_away_or_not_ready() {
    assert_eq!(found(ingress(IngressAnswer::Ready, &[])), [""; 0]);
    let not_ready = || IngressAnswer::NotReady("broker, work queue".to_owned());
    assert_eq!(found(ingress(not_ready(), &[])), ["NOW ingress_not_ready"]);
    let text = printed(&judged(ingress(not_ready(), &[])));
    assert!(
        text.contains("the ingress at 127.0.0.1:9100 is not ready: broker, work queue\n"),
        "{text}"
    );
    // It may run on another machine.
    for (answer, seen) in [
        (
            IngressAnswer::Nothing,
            "nothing answers at 127.0.0.1:9100 (ingress.admin_listen): the ingress is down, or runs on another machine",
        ),
        (
            IngressAnswer::Stranger,
            "what answers at 127.0.0.1:9100 (ingress.admin_listen) is not the ingress",
        ),
    ] {
        assert_eq!(found(ingress(answer.clone(), &[])), ["to do ingress_away"]);
        let verdict = judged(ingress(answer, &[]));
        assert_eq!(verdict.answer, Answer::Well);
        assert!(verdict.findings[0].seen().starts_with(seen), "{}", verdict.findings[0].seen());
    }
}

#[test]
fn signatures_that_the_ingress_refuses() {
    let with = |counts: &[(&str, u64, u64)]| found(ingress(IngressAnswer::Ready, counts));
    assert_eq!(with(&[("shop", 0, 1)]), ["soon signatures_refused"]);
    assert_eq!(with(&[("shop", 4, 5)]), ["soon signatures_refused"]);
    // Strangers forge now and then.
    for well in [(0, 0), (1, 0), (1, 1), (5, 4)] {
        assert_eq!(with(&[("shop", well.0, well.1)]), [""; 0], "{well:?}");
    }
    // A merchant whose key is right does not hide one whose key is wrong.
    let verdict = judged(ingress(IngressAnswer::Ready, &[("app", 2, 3), ("shop", 1000, 0)]));
    assert_eq!(verdict.findings.len(), 1);
    assert_eq!(
        verdict.findings[0].seen(),
        "since its start the ingress accepted 2 and refused 3 notifications of app: bad_signature 3"
    );
    assert!(verdict.findings[0].to_do().ends_with("ops verify --merchant app"));
    assert_eq!(
        found(ingress(IngressAnswer::NotReady("broker".to_owned()), &[("app", 0, 1)])),
        ["NOW ingress_not_ready", "soon signatures_refused"]
    );
}

#[test]
fn topology() {
    let with = |topology: Topology| broker(|it| it.topology = Some(topology));
    let exchange = |name: &str| Change::Exchange { name: name.into(), kind: "direct" };
    assert_eq!(with(Topology::default()), [""; 0]);
    let missing = Topology { missing: vec![exchange("alipay.notify")], ..Topology::default() };
    assert_eq!(with(missing.clone()), ["NOW topology_missing"]);
    let text = printed(&judged(|it| it.broker.as_mut().unwrap().topology = Some(missing)));
    assert!(
        text.contains("1 thing missing at the broker: direct exchange alipay.notify\n"),
        "{text}"
    );
    let many = Topology {
        missing: (0..5).map(|n| exchange(&n.to_string())).collect(),
        ..Topology::default()
    };
    let text = printed(&judged(|it| it.broker.as_mut().unwrap().topology = Some(many)));
    assert!(text.contains("5 things missing") && text.contains("and 2 more"), "{text}");
    let differs = Topology {
        conflicts: vec!["queue x is there with other arguments".into()],
        ..Topology::default()
    };
    assert_eq!(with(differs), ["NOW topology_differs"]);
    let odd = |odd: Odd| Topology { odd: vec![odd], ..Topology::default() };
    let unknown = Odd::UnknownExchange { name: "alipay.x".into() };
    assert_eq!(with(odd(unknown)), ["to do topology_odd"]);
    let full = Odd::Full { queue: "alipay.dead".into(), policy: "p".into(), limit: 1, messages: 1 };
    assert_eq!(with(odd(full)), ["NOW topology_odd"]);
}

#[test]
fn a_database_without_writes() {
    let variable = WriteAccess { read_only: Some("read_only = 1".into()), refused: None };
    let verdict = judged(|it| it.write_access = Some(variable.clone()));
    assert_eq!(verdict.findings[0].code(), "database_read_only");
    let seen = verdict.findings[0].seen();
    assert!(
        seen.starts_with("database read-only (read_only = 1); this account may write"),
        "{seen}"
    );
    let refused = WriteAccess { refused: Some("--read-only".into()), ..variable };
    let verdict = judged(|it| {
        it.write_access = Some(refused.clone());
        let worker = &mut it.workers.as_mut().unwrap()[0];
        (worker.seen_at, worker.age_ms) = (ago(minutes(5)), 300_000);
    });
    assert_eq!(
        verdict.findings.iter().map(super::Finding::code).collect::<Vec<_>>(),
        ["database_read_only"],
        "a worker that cannot write is not gone"
    );
    let seen = verdict.findings[0].seen();
    assert!(
        seen.starts_with("database read-only since 2026-11-23 19:55:00 (read_only = 1): nothing"),
        "{seen}"
    );
    let alone = WriteAccess { read_only: None, refused: Some("the node is not ready".into()) };
    assert_eq!(found(|it| it.write_access = Some(alone)), ["NOW database_read_only"]);
}

fn workers(change: impl FnOnce(&mut WorkerRow)) -> Vec<String> {
    found(|it| change(&mut it.workers.as_mut().unwrap()[0]))
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
        let codes: Vec<&str> = verdict.findings.iter().map(super::Finding::code).collect();
        assert_eq!(codes, ["clocks_disagree"], "{ahead}");
    }
    assert_eq!(database(TimeDelta::seconds(30)).findings.len(), 0);
    let seen = database(eight).findings[0].seen();
    assert!(seen.contains("8 h ahead of this machine's (8 hours: local time"), "{seen}");
    let seen = database(-TimeDelta::minutes(5)).findings[0].seen();
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
fn workers_that_are_gone_or_stand_still() {
    let none = |messages: u32, rows: Vec<WorkerRow>| {
        judged(|it| {
            it.queues = Some(vec![queue(work_queue(0), messages, 0)]);
            it.workers = Some(rows);
        })
    };
    let verdict = none(4, Vec::new());
    assert_eq!(verdict.findings[0].code(), "no_workers");
    assert_eq!(verdict.findings[0].seen(), "no worker consumes alipay.notify.0: 4 messages wait");
    let verdict = none(1, vec![WorkerRow { age_ms: 60_000, ..worker("a:1:1") }]);
    assert_eq!(verdict.findings.len(), 1, "{verdict:?}");
    let seen = verdict.findings[0].seen();
    assert!(seen.contains("1 message waits; worker a:1:1 was last heard of 2026-"), "{seen}");
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
        verdict.findings[0].to_do()
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
    assert_eq!(letters.findings[0].seen(), "4 dead letters: 3 order_not_found, 1 total_mismatch");
    assert_eq!(letters.findings[0].urgency(), Urgency::Soon);
    let one = judged(|it| (it.dead_letters, it.dead_letters_by_reason) = (Some(1), None));
    assert_eq!(one.findings[0].seen(), "1 dead letter");
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

#[test]
fn goods_and_money_that_wait() {
    assert_eq!(found(|it| it.awaiting_stock = waits(1, minutes(0))), ["soon no_stock"]);
    assert_eq!(found(|it| it.awaiting_account = waits(1, minutes(0))), ["soon waits_for_account"]);
    let by_hand = |time| found(|it| it.awaiting_manual = waits(2, time));
    assert_eq!(by_hand(minutes(60)), ["to do waits_for_delivery_by_hand"]);
    assert_eq!(by_hand(TimeDelta::hours(25)), ["soon waits_for_delivery_by_hand"]);
    let reviews = |time| found(|it| it.open_reviews = waits(2, time));
    assert_eq!(reviews(TimeDelta::days(2)), ["to do reviews_open"]);
    assert_eq!(reviews(TimeDelta::days(4)), ["soon reviews_open"]);
    let refunds = |time| found(|it| it.refunds_unknown = waits(1, time));
    assert_eq!(
        (refunds(minutes(1)), refunds(minutes(16))),
        (vec![], vec!["soon refund_unknown".to_owned()])
    );
    let asked =
        |change: fn(&mut AskedCounts)| found(|it| change(it.gateway_queries.as_mut().unwrap()));
    assert_eq!(
        asked(|it| (it.confirming, it.oldest_confirming) = (1, Some(ago(minutes(1))))),
        ["to do waits_for_confirmation"]
    );
    assert_eq!(
        asked(|it| (it.confirming, it.oldest_confirming) = (1, Some(ago(minutes(11))))),
        ["soon waits_for_confirmation"]
    );
    assert_eq!(asked(|it| (it.due, it.oldest_due) = (1, Some(ago(minutes(1))))), [""; 0]);
    assert_eq!(
        asked(|it| (it.due, it.oldest_due) = (1, Some(ago(minutes(16))))),
        ["soon gateway_not_asked"]
    );
    assert_eq!(asked(|it| it.failed = 1), ["to do gateway_no_answer"]);
    let low = LowStock { product_id: "gift".into(), available: 1, low_stock: 4 };
    assert_eq!(found(|it| it.low_stock = Some(vec![low])), ["to do low_stock"]);
    let orders = MerchantOrders { merchant: "shpo".into(), orders: 3, oldest: ago(minutes(9)) };
    let unknown = UnknownMerchant { orders, did_you_mean: Some("shop".into()) };
    let verdict = judged(|it| it.unknown_merchants = Some(vec![unknown]));
    assert_eq!(verdict.findings[0].code(), "merchant_not_configured");
    let seen = verdict.findings[0].seen();
    assert!(
        seen.starts_with("3 unpaid orders name merchant shpo")
            && seen.contains("did you mean shop?"),
        "{seen}"
    );
}

#[test]
fn certificates() {
    let days = |from: i64, until: i64| {
        found(|it| {
            it.certificates = vec![CertificateSpan {
                whose: "app certificate of merchant shop".into(),
                from: now() + TimeDelta::days(from),
                until: now() + TimeDelta::days(until),
            }];
        })
    };
    assert_eq!(days(-9, 31), [""; 0]);
    assert_eq!(days(-9, 29), ["soon certificate_ends_soon"]);
    assert_eq!(days(-9, -1), ["NOW certificate_ended"]);
    assert_eq!(days(1, 400), ["NOW certificate_not_begun"]);
    // The next one is there.
    let two = |whose: [&str; 2], until: [i64; 2]| {
        found(|it| {
            it.certificates = std::iter::zip(whose, until)
                .map(|(whose, until)| CertificateSpan {
                    whose: format!("{whose} certificate of merchant shop"),
                    from: now() - TimeDelta::days(9),
                    until: now() + TimeDelta::days(until),
                })
                .collect();
        })
    };
    assert_eq!(two(["alipay", "alipay"], [9, 400]), [""; 0]);
    assert_eq!(two(["alipay", "alipay"], [-9, 400]), [""; 0]);
    assert_eq!(two(["alipay", "root"], [9, 400]), ["soon certificate_ends_soon"]);
    let ends = |whose: &str| {
        let verdict = judged(|it| {
            it.certificates = vec![CertificateSpan {
                whose: format!("{whose} certificate of merchant shop"),
                from: now() - TimeDelta::days(9),
                until: now() + TimeDelta::days(9),
            }];
        });
        verdict.findings[0].to_do()
    };
    assert!(ends("app").contains("private_key_file together"));
    assert!(ends("alipay").contains("beside the old one"));
}

#[test]
fn a_payment_that_alipay_does_not_know_is_urgent() {
    assert_eq!(found(|it| it.not_at_alipay = waits(61, minutes(1))), ["NOW not_at_alipay"]);
}

#[test]
fn the_most_urgent_comes_first_and_each_says_what_to_do() {
    let verdict = judged(|it| {
        it.open_reviews = waits(1, minutes(1));
        it.dead_letters = Some(1);
        it.queues = Some(vec![queue(work_queue(0), 0, 0)]);
        it.write_access = Some(WriteAccess { read_only: None, refused: Some("no".into()) });
    });
    let codes: Vec<&str> = verdict.findings.iter().map(super::Finding::code).collect();
    assert_eq!(codes, ["database_read_only", "no_workers", "dead_letters", "reviews_open"]);
    assert_eq!((verdict.answer, verdict.wrong()), (Answer::Wrong, 3));
    assert_eq!(verdict.headline(), "3 things are wrong; 1 to do");
    let json = serde_json::to_value(&verdict).unwrap();
    assert_eq!(json["verdict"], "wrong");
    assert_eq!(json["findings"][2]["code"], "dead_letters");
    assert_eq!(json["findings"][2]["urgency"], "soon");
    assert_eq!(json["findings"][2]["explained"], "docs/troubleshooting.md#dead_letters");
    let well = judged(|it| it.open_reviews = waits(1, minutes(1)));
    assert_eq!((well.answer, well.headline()), (Answer::Well, "all is well; 1 to do".to_owned()));
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

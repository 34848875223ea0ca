//! Findings about the work: workers, queues, retries, dead letters, events.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use order::PauseScope;
use store::BeijingTime;
use store::worker_heartbeat::WorkerRow;

use super::{Description, Urgency, length};
use crate::operations::overview::Overview;
use crate::operations::overview::broker::QueueDepth;
use crate::plural::{count, verb};
use crate::text::first_of;

/// A worker writes a heartbeat every 5 s: one that is older is not alive, or cannot write.
const SILENT: TimeDelta = TimeDelta::seconds(30);
/// A lane that has had the same messages for so long is not getting on.
const STUCK: TimeDelta = TimeDelta::seconds(60);
/// So many workers that ended without saying so within this time do not end by chance.
const CRASHES: usize = 3;
const CRASHES_WITHIN: TimeDelta = TimeDelta::minutes(10);
/// As `AlipayBacklog`.
pub(super) const BACKLOG: u32 = 10_000;
/// As `AlipayOrdersNotFound`.
pub(super) const RETRIES: i64 = 20;
/// Queues that are named.
const NAMED: usize = 3;
/// An event that has waited for so long is not being published.
const UNPUBLISHED: TimeDelta = TimeDelta::seconds(60);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WorkFinding {
    /// A work queue has no consumer.
    NoWorkers {
        queues: Vec<String>,
        messages: u32,
        /// The worker with the latest heartbeat, and why it cannot work.
        last: Option<(String, BeijingTime, Option<String>)>,
        /// Whether one runs nevertheless.
        one_lives: bool,
    },
    /// Workers end and are started again.
    CrashLoop { crashes: usize, last: BeijingTime },
    /// Workers are there, have messages and are not getting on.
    StandsStill { worker: String, messages: i32, since: TimeDelta, trouble: Option<String> },
    /// A worker that lives and says that it is not ready.
    NotReady { worker: String, trouble: String },
    /// A worker was killed, or cannot write.
    Gone { worker: String, seen_at: BeijingTime },
    /// Very many messages wait in the work queues, of which these are not empty.
    Backlog { queues: Vec<String>, messages: u32 },
    /// The broker does not take retries or dead letters.
    Held { messages: i64 },
    /// Messages should have come back from a retry tier.
    RetriesOverdue { copies: i64, oldest: Option<BeijingTime> },
    /// Messages wait for a retry, as they should.
    RetriesWaiting { copies: i64 },
    /// By reason, where these are known.
    DeadLetters { letters: u32, reasons: BTreeMap<String, usize> },
    /// Events that wait to be published.
    Unpublished { events: i64, oldest: BeijingTime, enabled: bool },
}

pub(super) fn judge(overview: &Overview) -> Vec<WorkFinding> {
    let mut found = Vec::new();
    workers(overview, &mut found);
    let held: i64 = live(overview).map(|worker| i64::from(worker.held)).sum();
    if held > 0 {
        found.push(WorkFinding::Held { messages: held });
    }
    let tiers = overview.retries.iter().flatten();
    let copies: i64 = tiers.map(|tier| tier.copies).sum();
    match overview.overdue() {
        Some(overdue) if overdue.count > 0 && !takes_nothing(overview) => {
            found.push(WorkFinding::RetriesOverdue {
                copies: overdue.count,
                oldest: overdue.oldest,
            });
        }
        _ if copies > 0 => found.push(WorkFinding::RetriesWaiting { copies }),
        _ => {}
    }
    if let Some(letters) = overview.dead_letters.filter(|letters| *letters > 0) {
        let reasons = overview.dead_letters_by_reason.clone().unwrap_or_default();
        found.push(WorkFinding::DeadLetters { letters, reasons });
    }
    if let Some(outbox) = &overview.outbox
        && let Some(oldest) = outbox.oldest.filter(|oldest| overview.waited(*oldest) > UNPUBLISHED)
    {
        let (events, enabled) = (outbox.unpublished, overview.events_enabled);
        found.push(WorkFinding::Unpublished { events, oldest, enabled });
    }
    found
}

fn workers(overview: &Overview, found: &mut Vec<WorkFinding>) {
    let (unread, unread_messages) =
        names_and_messages(overview.work_queues().filter(|queue| queue.consumers == Some(0)));
    let no_consumers = !unread.is_empty();
    if no_consumers && !takes_nothing(overview) {
        let last = overview.workers.iter().flatten().max_by_key(|worker| worker.seen_at);
        found.push(WorkFinding::NoWorkers {
            queues: unread,
            messages: unread_messages,
            last: last.map(|last| (last.worker.clone(), last.seen_at, last.trouble.clone())),
            one_lives: live(overview).next().is_some(),
        });
    }
    for worker in live(overview) {
        let since = TimeDelta::milliseconds(worker.busy_ms);
        let (name, trouble) = (worker.worker.clone(), worker.trouble.clone());
        if since > STUCK {
            let messages = worker.messages;
            found.push(WorkFinding::StandsStill { worker: name, messages, since, trouble });
        } else if let Some(trouble) = trouble.filter(|_| !no_consumers) {
            found.push(WorkFinding::NotReady { worker: name, trouble });
        }
    }
    // While the database accepts no writes, no worker can write a heartbeat.
    let can_write = overview.write_access.as_ref().is_none_or(|access| access.refused.is_none());
    let silent = overview.workers.iter().flatten().filter(|worker| !is_live(worker.age_ms));
    let silent: Vec<&WorkerRow> = silent.collect();
    let recent = silent
        .iter()
        .filter(|worker| (0..CRASHES_WITHIN.num_milliseconds()).contains(&worker.age_ms));
    let crashes = recent.clone().count();
    if can_write && crashes >= CRASHES {
        let last = recent.map(|worker| worker.seen_at).max();
        found.extend(last.map(|last| WorkFinding::CrashLoop { crashes, last }));
    } else if can_write && !no_consumers {
        // A worker of the same host that has started since is in its place.
        let replaced = |gone: &WorkerRow| {
            live(overview).any(|it| it.host() == gone.host() && it.started_at >= gone.seen_at)
        };
        found.extend(silent.into_iter().filter(|gone| !replaced(gone)).map(|worker| {
            WorkFinding::Gone { worker: worker.worker.clone(), seen_at: worker.seen_at }
        }));
    }
    let (queues, messages) =
        names_and_messages(overview.work_queues().filter(|queue| queue.messages > Some(0)));
    if messages > BACKLOG && !takes_nothing(overview) {
        found.push(WorkFinding::Backlog { queues, messages });
    }
}

/// Whether an operator lets everything wait: then the queue keeps what comes, and the pause is the finding.
fn takes_nothing(overview: &Overview) -> bool {
    overview.pauses.iter().flatten().any(|pause| pause.row.scope == PauseScope::Everything)
}

fn named(queues: &[String]) -> String {
    first_of(queues, NAMED, ", ", "")
}

fn names_and_messages<'a>(queues: impl Iterator<Item = &'a QueueDepth>) -> (Vec<String>, u32) {
    queues.fold((Vec::new(), 0), |(mut names, messages), queue| {
        names.push(queue.name.clone());
        (names, messages.saturating_add(queue.messages.unwrap_or(0)))
    })
}

fn live(overview: &Overview) -> impl Iterator<Item = &WorkerRow> {
    overview.workers.iter().flatten().filter(|worker| is_live(worker.age_ms))
}

/// A heartbeat of the future was written while the clock was wrong.
fn is_live(age_ms: i64) -> bool {
    (-SILENT.num_milliseconds()..=SILENT.num_milliseconds()).contains(&age_ms)
}

impl WorkFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let now = |code, chinese| Description::new(Urgency::Now, code, chinese);
        match self {
            WorkFinding::NoWorkers { queues, messages, last, one_lives } => {
                let waits = count(*messages, "message");
                let verb = verb(*messages, "waits", "wait");
                let last = last.as_ref().map_or(String::new(), |(worker, at, trouble)| {
                    let trouble = trouble.as_ref().map(|it| format!(", not ready: {it}"));
                    let trouble = trouble.unwrap_or_default();
                    format!("; worker {worker} last reported at {at}{trouble}")
                });
                now("no_workers", "没有 worker 在消费")
                    .seen(format!("no worker consumes {}: {waits} {verb}{last}", named(queues)))
                    .advice(match one_lives {
                        true => "a worker runs and does not consume: its log and /readyz say why; ops check tests the accounts' rights",
                        false => "start a worker: systemctl start alipay-worker@1; its log says why one ended",
                    })
            }
            WorkFinding::StandsStill { worker, messages, since, trouble } => {
                let (taken, since) = (count(*messages, "message"), length(*since));
                let trouble = trouble.as_ref().map(|it| format!("; it says: {it}"));
                let trouble = trouble.unwrap_or_default();
                now("work_stands_still", "worker 卡住了")
                    .seen(format!(
                        "worker {worker} has had {taken} for {since} and is not getting on{trouble}"
                    ))
                    .advice(
                        "who holds a lock: SELECT * FROM information_schema.innodb_trx; then that worker's log",
                    )
            }
            WorkFinding::NotReady { worker, trouble } => now("worker_not_ready", "worker 未就绪")
                .seen(format!("worker {worker} is not ready: {trouble}"))
                .advice(
                    "read that worker's log; of a full queue rabbitmqctl list_queues name messages policy tells, of locks in \
                     the database SHOW PROCESSLIST",
                ),
            WorkFinding::Gone { worker, seen_at } => {
                Description::new(Urgency::Later, "worker_gone", "有 worker 异常退出")
                    .seen(format!(
                        "worker {worker} last reported at {seen_at} and did not end by itself; others consume"
                    ))
                    .advice(
                        "systemctl list-units 'alipay-worker@*' on that host: start it again, or leave it: this finding disappears within an hour",
                    )
            }
            WorkFinding::CrashLoop { crashes, last } => {
                let within = length(CRASHES_WITHIN);
                now("workers_crash", "worker 反复崩溃")
                    .seen(format!(
                        "{crashes} workers ended without a clean shutdown within {within}, the last one {last}"
                    ))
                    .advice(
                        "the workers' logs: journalctl -u 'alipay-worker@*'; ops dlq list --reason kills_workers",
                    )
            }
            WorkFinding::Backlog { queues, messages } => now("backlog", "消息积压")
                .seen(format!("{messages} messages wait in {}", named(queues)))
                .advice("start more workers; look at the database's load"),
            WorkFinding::Held { messages } => now("messages_held", "死信队列或重试队列已满")
                .seen(format!(
                    "{} stay with the workers: alipay.dead or a retry tier is full",
                    count(*messages, "message")
                ))
                .advice(
                    "rabbitmqctl list_queues name messages policy names the full queue; with amqp.management_url ops topology plan does",
                ),
            WorkFinding::RetriesOverdue { copies, oldest } => {
                let first = oldest.map(|oldest| format!(", the first received {oldest}"));
                let (messages, verb) = (count(*copies, "message"), verb(*copies, "has", "have"));
                now("retries_overdue", "消息没有从重试队列回来")
                    .seen(format!(
                        "{messages} {verb} not come back from a retry tier{}",
                        first.unwrap_or_default()
                    ))
                    .advice("ops topology plan, then ops retries list")
            }
            WorkFinding::RetriesWaiting { copies } => {
                let urgency = if *copies > RETRIES { Urgency::Soon } else { Urgency::Later };
                let (messages, verb) = (count(*copies, "message"), verb(*copies, "waits", "wait"));
                Description::new(urgency, "retries_waiting", "有消息等待重试")
                    .seen(format!(
                        "{messages} {verb} for a retry: probably orders that are not there yet"
                    ))
                    .advice("ops retries list --all")
            }
            WorkFinding::DeadLetters { letters, reasons } => {
                let mut by_count: Vec<(&String, &usize)> = reasons.iter().collect();
                by_count.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
                let reasons = by_count.into_iter().map(|(reason, count)| format!("{count} {reason}"));
                let why = match reasons.collect::<Vec<String>>().join(", ") {
                    none if none.is_empty() => none,
                    some => format!(": {some}"),
                };
                Description::new(Urgency::Soon, "dead_letters", "有死信")
                    .seen(format!("{}{why}", count(*letters, "dead letter")))
                    .advice("ops dlq list --group")
            }
            WorkFinding::Unpublished { events, oldest, enabled } => {
                let off =
                    if *enabled { "" } else { " (events.enabled is false in this configuration)" };
                let (count, verb) = (count(*events, "event"), verb(*events, "is", "are"));
                Description::new(Urgency::Soon, "events_not_published", "事件没有发布")
                    .seen(format!("{count} {verb} not published, the first of {oldest}{off}"))
                    .advice(match enabled {
                        true => "read a worker's log; ops topology plan: is alipay.events there? rabbitmqctl list_queues name messages policy: is its queue full?",
                        false => "set events.enabled = true for the workers, or give the events up",
                    })
            }
        }
    }
}

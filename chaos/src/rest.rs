//! Waiting until there is nothing left to do.

use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use queue::topology::{DEAD_QUEUE, EVENTS_QUEUE};
use serde_json::Value;

use crate::database::CheckDatabase;
use crate::system::ChaosSystem;

/// How often is looked.
const POLL_INTERVAL: Duration = Duration::from_millis(400);
/// So many equal looks in a row are rest, probably.
const QUIET: u32 = 4;

/// What waits at rest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rest {
    /// Messages in the queue of events, which nobody consumes here.
    pub(crate) events: u64,
    pub(crate) took: Duration,
}

/// Waits until the queues and the outbox are empty and stay so with the workers stopped, which
/// returns what they held. The workers run again afterwards. Returns what was odd on the way, too.
pub(crate) fn come(system: &ChaosSystem, limit: Duration) -> anyhow::Result<(Rest, Vec<String>)> {
    let began = Instant::now();
    let mut odd = Vec::new();
    let mut before = None;
    let mut quiet = 0;
    loop {
        let look = look(system);
        if let Ok((waiting, activity, events)) = &look
            && waiting.is_empty()
        {
            quiet =
                if before.as_ref() == Some(&(activity.clone(), *events)) { quiet + 1 } else { 0 };
            before = Some((activity.clone(), *events));
        } else {
            (quiet, before) = (0, None);
        }
        if quiet >= QUIET {
            odd.extend(system.stop_workers());
            let (waiting, _, events) = self::look(system)?;
            system.start_workers();
            if waiting.is_empty() {
                return Ok((Rest { events, took: began.elapsed() }, odd));
            }
            quiet = 0;
        }
        if began.elapsed() > limit {
            let why = match look {
                Ok((waiting, ..)) if waiting.is_empty() => "work goes on and on".to_owned(),
                Ok((waiting, ..)) => waiting.join(", "),
                Err(error) => format!("{error:#}"),
            };
            bail!("no rest after {} s: {why}", limit.as_secs());
        }
        sleep(POLL_INTERVAL);
    }
}

/// What waits, in words; how much was done; how many events are in their queue.
fn look(system: &ChaosSystem) -> anyhow::Result<(Vec<String>, crate::database::Activity, u64)> {
    let status = system.shop.status()?;
    let mut waiting = Vec::new();
    let mut events = 0;
    let queues = status["queues"].as_array().context("ops status names no queues")?;
    for queue in queues {
        let name = queue["name"].as_str().unwrap_or_default();
        let messages = queue["messages"].as_u64().with_context(|| format!("{name} is missing"))?;
        match name {
            DEAD_QUEUE => {}
            EVENTS_QUEUE => events = messages,
            _ if messages > 0 => waiting.push(format!("{messages} in {name}")),
            _ => {}
        }
    }
    for (what, count) in [
        ("events to publish", &status["outbox"]["unpublished"]),
        ("orders without stock", &status["awaiting_stock"]["count"]),
    ] {
        match count.as_u64() {
            Some(0) => {}
            Some(count) => waiting.push(format!("{count} {what}")),
            None => bail!("ops status does not count {what}"),
        }
    }
    Ok((waiting, CheckDatabase::open(&system.database_url)?.activity()?, events))
}

/// The dead letters: message id and reason. Each letter in the queue must have its row, and each row its letter; after a crash
/// between publish and commit the queue has one copy more than the row counts.
pub(crate) fn dead_letters(system: &ChaosSystem) -> anyhow::Result<Vec<(String, String)>> {
    let compared = system.shop.json(&["dlq", "sync"])?;
    ensure!(compared["found"] == 0 && compared["gone"] == 0, "rows and queue differ: {compared}");
    let listed = system.shop.json(&["dlq", "list", "--limit", "1000000"])?;
    let letters = listed.as_array().context("ops dlq list gives no list")?;
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    Ok(letters.iter().map(|letter| (text(&letter["id"]), text(&letter["reason"]))).collect())
}

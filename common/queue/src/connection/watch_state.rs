//! Notices what happens to a connection.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use lapin::{ConnectionStatus, Event};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use super::ConnectionState;

/// How often the status is looked at although no event came: lapin reports none for a connection
/// that this side closed, and promises none for every other end.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Starts the task that keeps `state` up to date until the connection is lost.
///
/// lapin gives each event to exactly one listener, and a listener that nobody polls grows without
/// bound: this is the only one, and it is always polled.
pub(super) fn spawn(
    name: &str,
    lapin: &lapin::Connection,
    state: &Arc<watch::Sender<ConnectionState>>,
) {
    let name = name.to_owned();
    let events = lapin.events_listener();
    // The status, not the connection: the connection must close with its last user.
    let status = lapin.status().clone();
    let state = Arc::clone(state);
    tokio::spawn(async move {
        let mut events = pin!(events);
        let mut looks = interval(POLL_INTERVAL);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut blocked = String::new();
        loop {
            // The first tick is immediate: what happened before there was a listener counts too.
            let mut event = tokio::select! {
                biased;
                event = events.next() => event,
                _ = looks.tick() => None,
            };
            if !status.connected() {
                // A look can come before the event that says why.
                let reason = loop {
                    match event {
                        Some(Event::Error(error)) => break error.to_string(),
                        _ => match events.next().now_or_never() {
                            Some(Some(next)) => event = Some(next),
                            _ => break String::from("closed"),
                        },
                    }
                };
                lose(&state, reason);
                return;
            }
            if let Some(Event::ConnectionBlocked(reason)) = event {
                blocked = reason;
            }
            update(&state, &status, &blocked, &name);
        }
    });
}

fn update(
    state: &watch::Sender<ConnectionState>,
    status: &ConnectionStatus,
    blocked: &str,
    name: &str,
) {
    let now = if status.blocked() {
        ConnectionState::Blocked { reason: blocked.to_owned() }
    } else {
        ConnectionState::Open
    };
    let changed = state.send_if_modified(|state| {
        let changed = *state != now && !matches!(state, ConnectionState::Lost { .. });
        if changed {
            *state = now;
        }
        changed
    });
    if changed && status.blocked() {
        warn!(connection = name, reason = blocked, "the broker blocks the connection");
    } else if changed {
        info!(connection = name, "the broker no longer blocks the connection");
    }
}

/// The first reason stays.
pub(super) fn lose(state: &watch::Sender<ConnectionState>, reason: String) {
    state.send_if_modified(|state| {
        let changed = !matches!(state, ConnectionState::Lost { .. });
        if changed {
            *state = ConnectionState::Lost { reason };
        }
        changed
    });
}

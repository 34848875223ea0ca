//! Reading the merchants again on SIGHUP: keys change without a restart.
//!
//! Everything else of the configuration stays as it was at the start: listeners, connections and
//! limits are built of it. A file that cannot be used changes nothing. The log names the keys that are in use by
//! their fingerprints, at the start and after each reload: as `ops check` shows them.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Utc;
use service::metric;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::{Config, ConfigError};
use crate::{certificates, keys_in_use};

/// The configuration of this moment: read again with `load` whenever SIGHUP arrives.
///
/// A reader takes the whole configuration once for each piece of work, so that it never sees half
/// of a change. Certificates that are out of date are logged at once and after each reload.
///
/// Must be called inside a tokio runtime, early, since until then SIGHUP ends the process, and after
/// metrics are collected.
pub fn on_hangup(
    config: Config,
    load: impl Fn() -> Result<Config, ConfigError> + Send + Sync + 'static,
) -> watch::Receiver<Arc<Config>> {
    certificates::report(&config, Utc::now());
    log_keys(&config);
    let (sender, receiver) = watch::channel(Arc::new(config));
    match signal(SignalKind::hangup()) {
        Ok(hangup) => {
            tokio::spawn(watch_signal(hangup, sender, Arc::new(load)));
        }
        Err(error) => tracing::error!(%error, "no reload: SIGHUP cannot be watched"),
    }
    receiver
}

async fn watch_signal<L>(mut hangup: Signal, current: watch::Sender<Arc<Config>>, load: Arc<L>)
where
    L: Fn() -> Result<Config, ConfigError> + Send + Sync + 'static,
{
    while hangup.recv().await.is_some() {
        let load = Arc::clone(&load);
        // Files are read on a thread that may wait for them.
        match tokio::task::spawn_blocking(move || load()).await {
            Ok(Ok(fresh)) => replace(&current, fresh),
            Ok(Err(error)) => refused(&error),
            Err(error) => refused(&error),
        }
    }
}

/// Puts the merchants of a fresh configuration in the place of the old ones.
fn replace(current: &watch::Sender<Arc<Config>>, fresh: Config) {
    if let Err(error) = fresh.require_merchants() {
        return refused(&error);
    }
    let old = Arc::clone(&current.borrow());
    let stays = old.changed_sections(&fresh);
    if !stays.is_empty() {
        tracing::warn!(
            sections = stays.join(", "),
            "the configuration has changed outside of merchants as well: that needs a restart"
        );
    }
    let names =
        |config: &Config| -> BTreeSet<String> { config.merchants.keys().cloned().collect() };
    let (before, after) = (names(&old), names(&fresh));
    let list =
        |names: Vec<&String>| names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    tracing::info!(
        merchants = list(after.iter().collect()),
        added = list(after.difference(&before).collect()),
        removed = list(before.difference(&after).collect()),
        "SIGHUP: merchants and their keys were read again"
    );
    metrics::counter!(metric::CONFIG_RELOADS, "outcome" => "done").increment(1);
    certificates::report(&fresh, Utc::now());
    log_keys(&fresh);
    current.send_replace(Arc::new(Config { merchants: fresh.merchants, ..(*old).clone() }));
}

/// One line a merchant: which keys its messages are verified and signed with from now on.
fn log_keys(config: &Config) {
    for merchant in config.merchants.values() {
        let keys = keys_in_use::listed(merchant);
        tracing::info!(merchant = merchant.name, keys, "keys in use, by fingerprint");
    }
}

fn refused(error: &dyn std::error::Error) {
    metrics::counter!(metric::CONFIG_RELOADS, "outcome" => "refused").increment(1);
    tracing::error!(
        %error,
        "SIGHUP: the new configuration cannot be used; the old one stays: correct it and send SIGHUP again"
    );
}

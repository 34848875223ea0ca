//! Logs on stderr, metrics for Prometheus.

use std::io;
use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Upper bounds of the buckets of every histogram in seconds: from a signature check to a slow broker.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.0, 5.0];

/// Upper bounds of the buckets of every other histogram, such as batch sizes.
const COUNTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// What is logged when `RUST_LOG` does not say. lapin logs each error that it also returns, and it is
/// logged again where it is handled.
const DEFAULT_FILTER: &str = "info,lapin=off";

/// lapin logs a returned message with its body here. The body holds buyer data, so this stays off
/// whatever `RUST_LOG` says.
const NEVER: &str = "lapin::returned_messages=off";

/// Starts logging on stderr. `RUST_LOG` chooses what is logged (default `info`), `ALIPAY_LOG=json` makes
/// each line a JSON object. A second call changes nothing.
pub fn init(program: &str) {
    init_with(program, DEFAULT_FILTER);
}

/// As [`init`], for a command whose user waits for its result: without `RUST_LOG` only its own notes
/// and everybody's warnings are logged.
pub fn init_command(program: &str) {
    init_with(program, &format!("warn,{program}=info,lapin=off"));
}

fn init_with(program: &str, default_filter: &str) {
    let chosen = std::env::var("RUST_LOG").ok().filter(|chosen| !chosen.is_empty());
    let filter = filter(chosen.as_deref().unwrap_or(default_filter));
    let json = std::env::var_os("ALIPAY_LOG").is_some_and(|format| format == "json");
    let started = if json {
        let builder = tracing_subscriber::fmt().json().flatten_event(true);
        builder.with_env_filter(filter).with_writer(io::stderr).try_init()
    } else {
        let builder = tracing_subscriber::fmt().with_ansi(false);
        builder.with_env_filter(filter).with_writer(io::stderr).try_init()
    };
    if started.is_ok() {
        tracing::debug!(program, version = env!("CARGO_PKG_VERSION"), "logging");
    }
}

/// What is wrong in the text is left out, and said on stderr.
fn filter(chosen: &str) -> EnvFilter {
    let filter =
        EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse_lossy(chosen);
    match NEVER.parse() {
        Ok(never) => filter.add_directive(never),
        Err(_) => filter,
    }
}

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Collects what the `metrics` macros report from now on. Once per process.
    pub fn install() -> Result<Metrics, BuildError> {
        let handle = PrometheusBuilder::new()
            .set_buckets(&COUNTS)?
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .install_recorder()?;
        // Samples pile up between two scrapes, for ever where nobody scrapes: fold them regularly.
        let upkeep = handle.clone();
        let thread = std::thread::Builder::new().name("metrics-upkeep".to_owned());
        let spawned = thread.spawn(move || {
            loop {
                std::thread::sleep(Duration::from_secs(5));
                upkeep.run_upkeep();
            }
        });
        if let Err(error) = spawned {
            tracing::warn!(%error, "histograms are only folded when they are read");
        }
        Ok(Metrics(handle))
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_returned_messages_are_never_logged() {
        for chosen in
            [DEFAULT_FILTER, "trace", "lapin=trace", "debug,lapin::returned_messages=warn"]
        {
            assert!(filter(chosen).to_string().contains(NEVER), "{chosen}");
        }
    }
}

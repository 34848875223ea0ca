//! Logs on stderr, metrics for Prometheus.

mod traced;

use std::io;
use std::time::Duration;

use metrics::{describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;
use tokio::runtime::Handle;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::invisible::Escaping;
use crate::metric::{self, MetricKind};
use traced::{LineEnd, Traced};

/// Upper bounds of the buckets of every histogram in seconds: from a signature check to a slow broker.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.0, 5.0];

/// Upper bounds of the buckets of the way of a notification: from a batch to a night without workers.
const WAY_SECONDS: [f64; 15] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 1_800.0, 7_200.0, 43_200.0];

/// Upper bounds of the buckets of every other histogram, such as batch sizes.
const COUNTS: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// What is logged when `RUST_LOG` does not say. lapin logs each error that it also returns, and it is
/// logged again where it is handled.
const DEFAULT_FILTER: &str = "info,lapin=off";

/// The crates of this project: what they log below `info` is written with care for secrets. Of all others
/// it is left out whatever `RUST_LOG` says: lapin's frames hold the broker's password and the bodies of
/// messages, and the next version of any library may log more.
const OWN: [&str; 15] = [
    "alipay",
    "chaos",
    "config",
    "demo",
    "gateway",
    "ingress",
    "ops",
    "order",
    "queue",
    "service",
    "shop",
    "simulator",
    "store",
    "testkit",
    "worker",
];

/// lapin logs a returned message with its body here, as a warning. The body holds buyer data.
const NEVER: &str = "lapin::returned_messages";

/// Starts logging on stderr. `RUST_LOG` chooses what is logged (default `info`; of libraries never more), `ALIPAY_LOG=json` makes
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
    let layers = tracing_subscriber::registry().with(filter).with(filter_fn(may_be_logged));
    let writer = || Escaping(io::stderr());
    let started = if json {
        let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
        let lines = lines.map_event_format(|format| Traced { format, end: LineEnd::Json });
        layers.with(lines.with_writer(writer)).try_init()
    } else {
        let lines = tracing_subscriber::fmt::layer().with_ansi(false);
        let lines = lines.map_event_format(|format| Traced { format, end: LineEnd::Text });
        layers.with(lines.with_writer(writer)).try_init()
    };
    if started.is_ok() {
        tracing::debug!(program, version = env!("CARGO_PKG_VERSION"), "logging");
    }
}

/// What is wrong in the text is left out, and reported on stderr.
fn filter(chosen: &str) -> EnvFilter {
    EnvFilter::builder().with_default_directive(LevelFilter::INFO.into()).parse_lossy(chosen)
}

/// Whether something may be logged at all, see [`OWN`].
fn may_be_logged(what: &Metadata<'_>) -> bool {
    let target = what.target();
    let crate_name = target.split("::").next().unwrap_or(target);
    !target.starts_with(NEVER) && (*what.level() <= Level::INFO || OWN.contains(&crate_name))
}

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
}

impl Metrics {
    /// Collects what the `metrics` macros report from now on. Once per process; `program` and `version` are labels of
    /// `alipay_build_info`.
    ///
    /// # Errors
    /// It was called before.
    pub fn install(program: &'static str, version: &'static str) -> Result<Metrics, BuildError> {
        let handle = PrometheusBuilder::new()
            .set_buckets(&COUNTS)?
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .set_buckets_for_metric(
                Matcher::Full(metric::WORKER_SUCCESS_TO_COMMIT.to_owned()),
                &WAY_SECONDS,
            )?
            .set_buckets_for_metric(
                Matcher::Full(metric::WORKER_NOTIFY_LAG.to_owned()),
                &WAY_SECONDS,
            )?
            .install_recorder()?;
        for metric in metric::ALL {
            match metric.kind {
                MetricKind::Counter => describe_counter!(metric.name, metric.help),
                MetricKind::Gauge => describe_gauge!(metric.name, metric.help),
                MetricKind::Histogram => describe_histogram!(metric.name, metric.help),
            }
        }
        gauge!(metric::BUILD_INFO, "program" => program, "version" => version).set(1.0);
        let process = Collector::default();
        process.describe();
        // Samples pile up between two scrapes, forever if nothing scrapes: fold them regularly.
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
        Ok(Metrics { handle, process })
    }

    /// All metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.process.collect();
        if let Ok(runtime) = Handle::try_current() {
            let runtime = runtime.metrics();
            let counts = [
                (metric::TOKIO_WORKERS, runtime.num_workers()),
                (metric::TOKIO_TASKS, runtime.num_alive_tasks()),
                (metric::TOKIO_QUEUE, runtime.global_queue_depth()),
            ];
            for (name, count) in counts {
                gauge!(name).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
            }
        }
        self.handle.render()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// What is written of the same events under `RUST_LOG`.
    fn logged(chosen: &str) -> String {
        let written = Arc::new(Mutex::new(Vec::new()));
        let writer = {
            let written = Arc::clone(&written);
            move || Escaping(Shared(Arc::clone(&written)))
        };
        let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
        let layers = tracing_subscriber::registry().with(filter(chosen));
        let subscriber = layers.with(filter_fn(may_be_logged)).with(lines);
        tracing::subscriber::with_default(subscriber, || {
            tracing::trace!(target: "lapin::frames", "a frame with the password");
            tracing::debug!(target: "rustls::client", "a library's note");
            tracing::warn!(target: "lapin::returned_messages", "a body");
            tracing::info!(target: "lapin::channel", "closed");
            tracing::trace!(target: "queue::connection", "own note \u{202e}");
        });
        String::from_utf8(written.lock().unwrap().clone()).unwrap()
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_log_nothing_below_info_whatever_is_chosen() {
        for chosen in ["trace", "debug,lapin=trace,queue=trace", "lapin::frames=trace,trace"] {
            let log = logged(chosen);
            assert!(log.contains("closed") && log.contains("own note \\u202e"), "{chosen}: {log}");
            for left_out in ["password", "library", "body", "\u{202e}"] {
                assert!(!log.contains(left_out), "{chosen}: {log}");
            }
        }
        assert_eq!(logged(DEFAULT_FILTER), "");
    }
}

//! What is measured, and the result.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::load::Latencies;
use crate::part::{MeasuredPart, Usage};

/// What is measured, in the order of one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(Serialize, IntoStaticStr, EnumString, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Scenario {
    /// hyper answers `success` and does nothing else.
    BareHttp,
    /// RSA2 signatures are verified.
    VerifyRsa2,
    /// Messages go to a quorum queue and are confirmed.
    ConfirmedPublish,
    /// Messages are consumed and acknowledged.
    ConsumeAndAck,
    /// The rows of delivered payments, written by plain statements.
    RowsAlone,
    /// The ingress, MD5.
    IngressMd5,
    /// The ingress, RSA2.
    IngressRsa2,
    /// The handler in Node, RSA2.
    NodeRsa2,
    /// The workers and a backlog.
    WorkerDrain,
    /// nginx and php-fpm do all the work inside the request, MD5.
    PhpMd5,
    /// Ingress and workers at once, MD5, as fast as they go.
    Pipeline,
    /// The ingress, RSA2, notifications in bundles.
    IngressBundles,
    /// The workers and a backlog of bundles.
    DrainBundles,
    /// As the pipeline, in bundles.
    PipelineBundles,
    /// Ingress and workers at a fixed rate, RSA2.
    Steady,
}

impl Scenario {
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }
}

/// One scenario of one round.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    pub(crate) scenario: Scenario,
    pub(crate) notifications: usize,
    pub(crate) seconds: f64,
    /// Microseconds of a core for each notification.
    pub(crate) core_us: BTreeMap<MeasuredPart, f64>,
    /// From the intended time of sending to the answer, or to the confirm.
    pub(crate) answer_us: Option<Quantiles>,
    /// From the intended time of sending to the committed row.
    pub(crate) row_us: Option<Quantiles>,
    /// Resident memory in bytes at the end.
    pub(crate) memory: BTreeMap<MeasuredPart, u64>,
}

/// Microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Quantiles {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) max: u64,
}

impl From<&Latencies> for Quantiles {
    fn from(latencies: &Latencies) -> Quantiles {
        Quantiles {
            p50: latencies.value_at_quantile(0.5),
            p99: latencies.value_at_quantile(0.99),
            max: latencies.max(),
        }
    }
}

impl Measurement {
    pub(crate) fn new(
        scenario: Scenario,
        notifications: usize,
        elapsed: Duration,
        before: &Usage,
        after: &Usage,
    ) -> Measurement {
        let each = 1_000_000.0 / notifications.max(1) as f64;
        let used = after.since(before).into_iter();
        Measurement {
            scenario,
            notifications,
            seconds: elapsed.as_secs_f64(),
            core_us: used.map(|(part, seconds)| (part, seconds * each)).collect(),
            answer_us: None,
            row_us: None,
            memory: after.memory.clone(),
        }
    }

    /// Notifications a second.
    pub(crate) fn rate(&self) -> f64 {
        self.notifications as f64 / self.seconds
    }
}

//! Medians of all rounds, and the ratios that the project has set itself as targets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use strum::VariantArray;

use crate::part::MeasuredPart;
use crate::scenario::{Measurement, Quantiles, Scenario};

/// A median with the least and the most of all rounds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    pub(crate) fn of(mut values: Vec<f64>) -> Option<Spread> {
        values.sort_by(f64::total_cmp);
        let (least, most) = (*values.first()?, *values.last()?);
        Some(Spread { median: values[values.len() / 2], least, most })
    }
}

/// A scenario over all rounds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ScenarioSummary {
    pub(crate) scenario: Scenario,
    /// Notifications a second.
    pub(crate) rate: Spread,
    /// Microseconds of a core for each notification, medians.
    pub(crate) core_us: BTreeMap<MeasuredPart, f64>,
    pub(crate) answer_us: Option<Quantiles>,
    pub(crate) row_us: Option<Quantiles>,
    /// Bytes, the most of all rounds.
    pub(crate) memory: BTreeMap<MeasuredPart, u64>,
}

impl ScenarioSummary {
    /// Core-microseconds of all parts.
    pub(crate) fn core_total(&self) -> f64 {
        self.core_us.values().sum()
    }
}

/// A ratio, and what it should be at least (or at most).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ratio {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) target: f64,
    /// Whether the value should be above the target; else below.
    pub(crate) above: bool,
}

impl Ratio {
    pub(crate) fn is_met(&self) -> bool {
        if self.above { self.value >= self.target } else { self.value <= self.target }
    }
}

/// All of one run.
#[derive(Debug, Serialize)]
pub(crate) struct BenchResults {
    /// `YYYY-MM-DD HH:MM:SS UTC`.
    pub(crate) at: String,
    pub(crate) revision: String,
    pub(crate) cores: usize,
    pub(crate) database: String,
    pub(crate) rounds: usize,
    pub(crate) summaries: Vec<ScenarioSummary>,
    pub(crate) ratios: Vec<Ratio>,
    pub(crate) measurements: Vec<Measurement>,
}

impl BenchResults {
    /// Writes `DATE.json`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let day: String = self.at.chars().take(10).collect();
        let file = folder.join(format!("{day}.json"));
        std::fs::write(&file, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(file)
    }
}

/// Medians of what was measured, in the order of the scenarios.
pub(crate) fn summaries(measurements: &[Measurement]) -> Vec<ScenarioSummary> {
    let of = |scenario: &Scenario| {
        let all: Vec<&Measurement> =
            measurements.iter().filter(|one| one.scenario == *scenario).collect();
        let core_us = MeasuredPart::VARIANTS.iter().filter_map(|part| {
            let used = all.iter().filter_map(|one| one.core_us.get(part).copied()).collect();
            Some((*part, Spread::of(used)?.median))
        });
        let memory = MeasuredPart::VARIANTS.iter().filter_map(|part| {
            Some((*part, all.iter().filter_map(|one| one.memory.get(part).copied()).max()?))
        });
        Some(ScenarioSummary {
            scenario: *scenario,
            rate: Spread::of(all.iter().map(|one| one.rate()).collect())?,
            core_us: core_us.collect(),
            answer_us: quantiles(all.iter().filter_map(|one| one.answer_us)),
            row_us: quantiles(all.iter().filter_map(|one| one.row_us)),
            memory: memory.collect(),
        })
    };
    Scenario::VARIANTS.iter().filter_map(of).collect()
}

/// The median of each quantile.
fn quantiles(all: impl Iterator<Item = Quantiles>) -> Option<Quantiles> {
    let all: Vec<Quantiles> = all.collect();
    let median = |of: fn(&Quantiles) -> u64| {
        let mut values: Vec<u64> = all.iter().map(of).collect();
        values.sort_unstable();
        values.get(values.len() / 2).copied()
    };
    Some(Quantiles {
        p50: median(|all| all.p50)?,
        p99: median(|all| all.p99)?,
        max: median(|all| all.max)?,
    })
}

/// The ratios of which both sides were measured.
///
/// The parts of a path share the cores, so its ceiling is additive: cores divided by the core-time of its parts, each
/// measured alone.
pub(crate) fn ratios(summaries: &[ScenarioSummary], cores: usize) -> Vec<Ratio> {
    use Scenario::{
        BareHttp, ConfirmedPublish, ConsumeAndAck, IngressBundles, IngressMd5, IngressRsa2,
        NodeRsa2, PhpMd5, Pipeline, PipelineBundles, RowsAlone, Steady, VerifyRsa2, WorkerDrain,
    };
    let get = |scenario| summaries.iter().find(|one| one.scenario == scenario);
    let rate = |scenario| Some(get(scenario)?.rate.median);
    let ceiling = |parts: &[Scenario]| {
        let total: Option<f64> = parts.iter().map(|part| Some(get(*part)?.core_total())).sum();
        Some(cores as f64 * 1_000_000.0 / total?)
    };
    let divided = |one: Option<f64>, other: Option<f64>| Some(one? / other?);
    let database = |scenario| get(scenario)?.core_us.get(&MeasuredPart::Database).copied();
    let p99 = |scenario| Some(get(scenario)?.answer_us?.p99 as f64);
    let at_least = [
        (
            "ingress MD5 / its additive ceiling",
            divided(rate(IngressMd5), ceiling(&[BareHttp, ConfirmedPublish])),
            0.85,
        ),
        (
            "ingress RSA2 / its additive ceiling",
            divided(rate(IngressRsa2), ceiling(&[BareHttp, VerifyRsa2, ConfirmedPublish])),
            0.85,
        ),
        ("ingress RSA2 / Node handler", divided(rate(IngressRsa2), rate(NodeRsa2)), 5.0),
        (
            "worker drain / its additive ceiling",
            divided(rate(WorkerDrain), ceiling(&[ConsumeAndAck, RowsAlone])),
            0.8,
        ),
        ("worker drain / PHP handler", divided(rate(WorkerDrain), rate(PhpMd5)), 3.0),
        (
            "pipeline / its additive ceiling",
            divided(
                rate(Pipeline),
                ceiling(&[BareHttp, ConfirmedPublish, ConsumeAndAck, RowsAlone]),
            ),
            0.8,
        ),
        ("pipeline / PHP handler", divided(rate(Pipeline), rate(PhpMd5)), 1.8),
        (
            "ingress RSA2 in bundles / the same ceiling as without",
            divided(rate(IngressBundles), ceiling(&[BareHttp, VerifyRsa2, ConfirmedPublish])),
            0.85,
        ),
        ("pipeline in bundles / pipeline", divided(rate(PipelineBundles), rate(Pipeline)), 1.25),
    ];
    let row = |of: fn(&Quantiles) -> u64| Some(of(&get(Steady)?.row_us?) as f64 / 1000.0);
    let memory = |part| Some(*get(Steady)?.memory.get(&part)? as f64 / f64::from(1 << 20));
    let at_most = [
        ("database in a drain, core-us a notification", database(WorkerDrain), 200.0),
        (
            "answer p99 at a fixed rate / p99 of a confirm",
            divided(p99(Steady), p99(ConfirmedPublish)),
            3.0,
        ),
        ("row p50 at a fixed rate, ms", row(|all| all.p50), 20.0),
        ("row p99 at a fixed rate, ms", row(|all| all.p99), 100.0),
        ("memory of the ingress, MiB", memory(MeasuredPart::Ingress), 30.0),
        ("memory of a worker, MiB", memory(MeasuredPart::Worker), 60.0),
    ];
    let named = |above| {
        move |(name, value, target): (&'static str, Option<f64>, f64)| {
            Some(Ratio { name, value: value?, target, above })
        }
    };
    at_least
        .into_iter()
        .filter_map(named(true))
        .chain(at_most.into_iter().filter_map(named(false)))
        .collect()
}

#[cfg(test)]
mod tests;

//! The scenarios of one round, in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alipay::{Form, Protocol, PublicKey, SignType, Verifier};
use anyhow::Context;
use bytes::Bytes;
use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};
use testkit::Program;

use crate::bodies::{SigningMerchant, signed};
use crate::load::{self, LoadPace, LoadTarget};
use crate::part::Usage;
use crate::scenario::Measurement;
use crate::scenario::Scenario::{
    self, BareHttp, ConfirmedPublish, ConsumeAndAck, DrainBundles, IngressBundles, IngressMd5,
    IngressRsa2, NodeRsa2, PhpMd5, Pipeline, PipelineBundles, RowsAlone, Steady, VerifyRsa2,
    WorkerDrain,
};
use crate::system::BenchSystem;
use crate::{Arguments, baselines, ceilings, ours};

/// Runs one round after the other on one system.
pub(crate) struct Rounds<'a> {
    pub(crate) system: &'a BenchSystem,
    pub(crate) arguments: &'a Arguments,
    pub(crate) measurements: Vec<Measurement>,
    /// The number of this round, from 1.
    round: usize,
}

/// A scenario that has begun.
struct RunningScenario {
    scenario: Scenario,
    /// How many notifications it has.
    count: usize,
    bar: ProgressBar,
    usage: Usage,
    at: Instant,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(system: &'a BenchSystem, arguments: &'a Arguments) -> Rounds<'a> {
        Rounds { system, arguments, measurements: Vec::new(), round: 0 }
    }

    /// Measures every scenario once.
    ///
    /// # Errors
    /// Something was lost or refused: then no figure of the run counts.
    pub(crate) async fn play(&mut self) -> anyhow::Result<()> {
        self.round += 1;
        if self.wants(&[BareHttp, VerifyRsa2, ConfirmedPublish, ConsumeAndAck, RowsAlone]) {
            self.ceilings().await?;
        }
        if self.wants(&[PhpMd5]) {
            self.php().await?;
        }
        if self.wants(&[NodeRsa2]) {
            self.node().await?;
        }
        if self.wants(&[IngressMd5, IngressRsa2, WorkerDrain]) {
            self.ingress_then_workers().await?;
        }
        if self.wants(&[Pipeline]) {
            self.pipeline('a', ours::ALONE, Pipeline).await?;
        }
        if self.wants(&[IngressBundles, DrainBundles, PipelineBundles]) {
            self.bundles().await?;
        }
        if self.wants(&[Steady]) {
            self.steady().await?;
        }
        Ok(())
    }

    /// Whether one of these was asked for; scenarios that need one another run together.
    fn wants(&self, scenarios: &[Scenario]) -> bool {
        let only = &self.arguments.only;
        only.is_empty() || scenarios.iter().any(|one| only.contains(one))
    }

    async fn ceilings(&mut self) -> anyhow::Result<()> {
        let count = self.arguments.notifications;
        let orders = self.orders(&self.system.rsa2, 'c', count)?;
        let bodies = signed(&self.system.rsa2, &orders)?;

        let (server, address) = ceilings::start_http()?;
        let target = self.target(address, "/");
        self.post(Scenario::BareHttp, &target, &bodies).await?;
        drop(server);

        let key = PublicKey::read(&self.system.public_key)?;
        let verifier = Verifier::new(Protocol::Openapi, vec![SignType::Rsa2], vec![], vec![key])?;
        let begun = self.begin(Scenario::VerifyRsa2, count)?;
        for body in bodies.iter() {
            verifier.verify(&Form::parse(body)?, &[], Utc::now())?;
            begun.bar.inc(1);
        }
        self.end(begun)?;

        let begun = self.begin(Scenario::ConfirmedPublish, count)?;
        let confirms = ceilings::publish(self.system, &bodies, &begun.bar).await?;
        self.end(begun)?.answer_us = Some((&confirms).into());

        let begun = self.begin(Scenario::ConsumeAndAck, count)?;
        ceilings::consume(self.system, count, &begun.bar).await?;
        self.end(begun)?;

        let begun = self.begin(Scenario::RowsAlone, count)?;
        ceilings::write(self.system, &orders, &begun.bar)?;
        self.end(begun)?;
        Ok(())
    }

    async fn php(&mut self) -> anyhow::Result<()> {
        let system = self.system;
        let orders = self.orders(&system.md5, 'p', self.arguments.notifications)?;
        if let Some((server, target)) = baselines::php(system, self.arguments.connections)? {
            self.post(Scenario::PhpMd5, &target, &signed(&system.md5, &orders)?).await?;
            drop(server);
        }
        Ok(())
    }

    async fn node(&mut self) -> anyhow::Result<()> {
        let system = self.system;
        let orders = self.orders(&system.rsa2, 'n', self.arguments.notifications)?;
        if let Some((server, target)) = baselines::node(system, self.arguments.connections)? {
            self.post(Scenario::NodeRsa2, &target, &signed(&system.rsa2, &orders)?).await?;
            drop(server);
        }
        Ok(())
    }

    /// An ingress alone fills the queue, workers alone empty it.
    async fn ingress_then_workers(&mut self) -> anyhow::Result<()> {
        let system = self.system;
        self.ingress(&system.rsa2, 'r', ours::ALONE, IngressRsa2).await?;
        self.ingress(&system.md5, 'm', ours::ALONE, IngressMd5).await?;
        self.drain(WorkerDrain, &['m', 'r']).await
    }

    /// The same, and the pipeline, in bundles.
    async fn bundles(&mut self) -> anyhow::Result<()> {
        let (system, bundle) = (self.system, self.arguments.bundle);
        self.ingress(&system.rsa2, 'b', bundle, IngressBundles).await?;
        self.drain(DrainBundles, &['b']).await?;
        self.pipeline('u', bundle, PipelineBundles).await
    }

    /// An ingress alone, whose notifications stay in the queue.
    async fn ingress(
        &mut self,
        sender: &SigningMerchant,
        letter: char,
        bundle: usize,
        scenario: Scenario,
    ) -> anyhow::Result<()> {
        let orders = self.orders(sender, letter, self.arguments.notifications)?;
        let bodies = signed(sender, &orders)?;
        let connections = self.arguments.connections;
        let (ingress, target) = ours::start_ingress(self.system, sender.name, connections, bundle)?;
        self.post(scenario, &target, &bodies).await?;
        drop(ingress);
        Ok(())
    }

    /// Workers alone, and what waits of these orders.
    async fn drain(&mut self, scenario: Scenario, letters: &[char]) -> anyhow::Result<()> {
        let count = self.arguments.notifications;
        let begun = self.begin(scenario, letters.len() * count)?;
        let workers = self.workers();
        let prefixes: Vec<String> = letters.iter().map(|letter| self.prefix(*letter)).collect();
        let last = ours::drained(self.system, &prefixes, count, &begun.bar).await?;
        self.end_at(begun, last)?;
        drop(workers);
        Ok(())
    }

    async fn pipeline(
        &mut self,
        letter: char,
        bundle: usize,
        scenario: Scenario,
    ) -> anyhow::Result<()> {
        let system = self.system;
        let count = self.arguments.notifications;
        let orders = self.orders(&system.md5, letter, count)?;
        let bodies = signed(&system.md5, &orders)?;
        let connections = self.arguments.connections;
        let (ingress, target) = ours::start_ingress(system, system.md5.name, connections, bundle)?;
        let workers = self.workers();
        let begun = self.begin(scenario, count)?;
        let answered = load::post(&target, LoadPace::Closed, &bodies, &begun.bar).await?;
        let last = ours::drained(system, &[self.prefix(letter)], count, &begun.bar).await?;
        self.end_at(begun, last)?.answer_us = Some((&answered.latencies).into());
        drop((ingress, workers));
        Ok(())
    }

    async fn steady(&mut self) -> anyhow::Result<()> {
        let system = self.system;
        let (rate, seconds) = (self.arguments.rate, self.arguments.seconds);
        let count = usize::try_from(u64::from(rate) * seconds)?;
        let orders = self.orders(&system.rsa2, 's', count)?;
        let bodies = signed(&system.rsa2, &orders)?;
        let connections = self.arguments.connections;
        let (ingress, target) =
            ours::start_ingress(system, system.rsa2.name, connections, ours::ALONE)?;
        let workers = self.workers();
        let begun = self.begin(Scenario::Steady, count)?;
        let steady = ours::steady(system, &target, rate, &orders, &bodies, &begun.bar).await?;
        let measurement = self.end(begun)?;
        measurement.seconds = steady.elapsed.as_secs_f64();
        measurement.answer_us = Some((&steady.answers).into());
        measurement.row_us = Some((&steady.rows).into());
        drop((ingress, workers));
        Ok(())
    }

    async fn post(
        &mut self,
        scenario: Scenario,
        target: &LoadTarget,
        bodies: &Arc<[Bytes]>,
    ) -> anyhow::Result<()> {
        let begun = self.begin(scenario, bodies.len())?;
        let answered = load::post(target, LoadPace::Closed, bodies, &begun.bar)
            .await
            .with_context(|| scenario.name())?;
        let measurement = self.end(begun)?;
        measurement.seconds = answered.elapsed.as_secs_f64();
        measurement.answer_us = Some((&answered.latencies).into());
        Ok(())
    }

    fn orders(
        &self,
        sender: &SigningMerchant,
        letter: char,
        count: usize,
    ) -> anyhow::Result<Vec<String>> {
        self.system.orders(sender.name, &self.prefix(letter), count)
    }

    /// What the numbers of a scenario's orders begin with.
    fn prefix(&self, letter: char) -> String {
        format!("{letter}{}-", self.round)
    }

    fn workers(&self) -> Vec<Program> {
        ours::start_workers(self.system, self.arguments.workers)
    }

    fn target(&self, address: String, path: &str) -> LoadTarget {
        LoadTarget { address, path: path.to_owned(), connections: self.arguments.connections }
    }

    fn bar(&self, scenario: Scenario, count: usize) -> ProgressBar {
        let bar = ProgressBar::new(count as u64);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:40} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(format!("round {}/{}", self.round, self.arguments.rounds));
        bar.set_message(scenario.name());
        bar
    }

    fn begin(&self, scenario: Scenario, count: usize) -> anyhow::Result<RunningScenario> {
        let bar = self.bar(scenario, count);
        Ok(RunningScenario { scenario, count, bar, usage: Usage::now()?, at: Instant::now() })
    }

    fn end(&mut self, begun: RunningScenario) -> anyhow::Result<&mut Measurement> {
        self.end_at(begun, Instant::now())
    }

    fn end_at(&mut self, begun: RunningScenario, at: Instant) -> anyhow::Result<&mut Measurement> {
        let RunningScenario { scenario, count, usage, at: began, .. } = begun;
        let elapsed = at.saturating_duration_since(began).max(Duration::from_micros(1));
        let measurement = Measurement::new(scenario, count, elapsed, &usage, &Usage::now()?);
        Ok(self.measurements.push_mut(measurement))
    }
}

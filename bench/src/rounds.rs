//! The scenarios of one round, in turn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use alipay::{Form, Protocol, PublicKey, SignType, Verifier};
use anyhow::Context;
use bytes::Bytes;
use chrono::Utc;
use indicatif::{ProgressBar, ProgressStyle};
use testkit::Program;

use crate::bodies::{Sender, signed};
use crate::load::{self, Pace, Target};
use crate::part::Usage;
use crate::scenario::{Measurement, Scenario};
use crate::stage::Stage;
use crate::{Arguments, baselines, ceilings, ours};

/// One round after the other on one stage.
pub(crate) struct Rounds<'a> {
    pub(crate) stage: &'a Stage,
    pub(crate) arguments: &'a Arguments,
    pub(crate) measurements: Vec<Measurement>,
    /// What is being measured; its beginning and the usage then.
    round: usize,
}

/// A scenario that has begun.
struct Begun {
    scenario: Scenario,
    usage: Usage,
    at: Instant,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(stage: &'a Stage, arguments: &'a Arguments) -> Rounds<'a> {
        Rounds { stage, arguments, measurements: Vec::new(), round: 0 }
    }

    /// Measures every scenario once.
    ///
    /// # Errors
    /// Something was lost or refused: then no figure of the run counts.
    pub(crate) async fn play(&mut self) -> anyhow::Result<()> {
        self.round += 1;
        self.ceilings().await?;
        self.handlers().await?;
        self.pipeline().await
    }

    async fn ceilings(&mut self) -> anyhow::Result<()> {
        let count = self.arguments.notifications;
        let orders = self.orders(&self.stage.rsa2, 'c', count)?;
        let bodies = signed(&self.stage.rsa2, &orders)?;

        let (server, address) = ceilings::start_http()?;
        let target = self.target(address, "/");
        self.post(Scenario::BareHttp, &target, &bodies).await?;
        drop(server);

        let key = PublicKey::read(&self.stage.public_key)?;
        let verifier = Verifier::new(Protocol::Openapi, vec![SignType::Rsa2], vec![], vec![key])?;
        let bar = self.bar(Scenario::VerifyRsa2, count);
        let begun = begin(Scenario::VerifyRsa2)?;
        for body in bodies.iter() {
            verifier.verify(&Form::parse(body)?, &[], Utc::now())?;
            bar.inc(1);
        }
        self.end(begun, count)?;

        let bar = self.bar(Scenario::ConfirmedPublish, count);
        let begun = begin(Scenario::ConfirmedPublish)?;
        let confirms = ceilings::publish(self.stage, &bodies, &bar).await?;
        self.end(begun, count)?.answer_us = Some((&confirms).into());

        let bar = self.bar(Scenario::ConsumeAndAck, count);
        let begun = begin(Scenario::ConsumeAndAck)?;
        ceilings::consume(self.stage, count, &bar).await?;
        self.end(begun, count)?;

        let bar = self.bar(Scenario::RowsAlone, count);
        let begun = begin(Scenario::RowsAlone)?;
        ceilings::write(self.stage, &orders, &bar)?;
        self.end(begun, count)?;
        Ok(())
    }

    async fn handlers(&mut self) -> anyhow::Result<()> {
        let stage = self.stage;
        let count = self.arguments.notifications;
        let connections = self.arguments.connections;

        let orders = self.orders(&stage.md5, 'p', count)?;
        if let Some((server, target)) = baselines::php(stage, connections)? {
            self.post(Scenario::PhpMd5, &target, &signed(&stage.md5, &orders)?).await?;
            drop(server);
        }
        let orders = self.orders(&stage.rsa2, 'r', count)?;
        let bodies = signed(&stage.rsa2, &orders)?;
        if let Some((server, target)) = baselines::node(stage, connections)? {
            self.post(Scenario::NodeRsa2, &target, &bodies).await?;
            drop(server);
        }
        let (ingress, target) = ours::start_ingress(stage, stage.rsa2.name, connections)?;
        self.post(Scenario::IngressRsa2, &target, &bodies).await?;
        drop(ingress);
        let md5_orders = self.orders(&stage.md5, 'm', count)?;
        let bodies = signed(&stage.md5, &md5_orders)?;
        let (ingress, target) = ours::start_ingress(stage, stage.md5.name, connections)?;
        self.post(Scenario::IngressMd5, &target, &bodies).await?;
        drop(ingress);

        let prefix = self.prefix('r');
        let bar = self.bar(Scenario::WorkerDrain, 2 * count);
        let begun = begin(Scenario::WorkerDrain)?;
        let workers = self.workers();
        ours::drained(stage, &self.prefix('m'), count, &bar).await?;
        let last = ours::drained(stage, &prefix, count, &bar).await?;
        self.end_at(begun, 2 * count, last)?;
        drop(workers);
        Ok(())
    }

    async fn pipeline(&mut self) -> anyhow::Result<()> {
        let stage = self.stage;
        let count = self.arguments.notifications;
        let orders = self.orders(&stage.md5, 'a', count)?;
        let bodies = signed(&stage.md5, &orders)?;
        let (ingress, target) =
            ours::start_ingress(stage, stage.md5.name, self.arguments.connections)?;
        let workers = self.workers();
        let bar = self.bar(Scenario::Pipeline, count);
        let begun = begin(Scenario::Pipeline)?;
        let answered = load::post(&target, Pace::Closed, &bodies, &bar).await?;
        let last = ours::drained(stage, &self.prefix('a'), count, &bar).await?;
        self.end_at(begun, count, last)?.answer_us = Some((&answered.latencies).into());

        let (rate, seconds) = (self.arguments.rate, self.arguments.seconds);
        let count = usize::try_from(u64::from(rate) * seconds)?;
        let orders = self.orders(&stage.rsa2, 's', count)?;
        let bodies = signed(&stage.rsa2, &orders)?;
        let target = Target { path: format!("/alipay/{}/notify", stage.rsa2.name), ..target };
        let bar = self.bar(Scenario::Steady, count);
        let begun = begin(Scenario::Steady)?;
        let steady = ours::steady(stage, &target, rate, &orders, &bodies, &bar).await?;
        let measurement = self.end(begun, count)?;
        measurement.seconds = steady.elapsed.as_secs_f64();
        measurement.answer_us = Some((&steady.answers).into());
        measurement.row_us = Some((&steady.rows).into());
        drop((ingress, workers));
        Ok(())
    }

    async fn post(
        &mut self,
        scenario: Scenario,
        target: &Target,
        bodies: &Arc<[Bytes]>,
    ) -> anyhow::Result<()> {
        let bar = self.bar(scenario, bodies.len());
        let begun = begin(scenario)?;
        let answered = load::post(target, Pace::Closed, bodies, &bar)
            .await
            .with_context(|| scenario.name())?;
        let measurement = self.end(begun, bodies.len())?;
        measurement.seconds = answered.elapsed.as_secs_f64();
        measurement.answer_us = Some((&answered.latencies).into());
        Ok(())
    }

    fn orders(&self, sender: &Sender, letter: char, count: usize) -> anyhow::Result<Vec<String>> {
        self.stage.orders(sender.name, &self.prefix(letter), count)
    }

    /// What the numbers of a scenario's orders begin with.
    fn prefix(&self, letter: char) -> String {
        format!("{letter}{}-", self.round)
    }

    fn workers(&self) -> Vec<Program> {
        ours::start_workers(self.stage, self.arguments.workers)
    }

    fn target(&self, address: String, path: &str) -> Target {
        Target { address, path: path.to_owned(), connections: self.arguments.connections }
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

    fn end(&mut self, begun: Begun, count: usize) -> anyhow::Result<&mut Measurement> {
        self.end_at(begun, count, Instant::now())
    }

    fn end_at(
        &mut self,
        begun: Begun,
        count: usize,
        at: Instant,
    ) -> anyhow::Result<&mut Measurement> {
        let elapsed = at.saturating_duration_since(begun.at).max(Duration::from_micros(1));
        let now = Usage::now()?;
        let measurement = Measurement::new(begun.scenario, count, elapsed, &begun.usage, &now);
        Ok(self.measurements.push_mut(measurement))
    }
}

fn begin(scenario: Scenario) -> anyhow::Result<Begun> {
    Ok(Begun { scenario, usage: Usage::now()?, at: Instant::now() })
}

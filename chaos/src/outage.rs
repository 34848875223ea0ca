//! One server is away for long, under steady load: no message may be rejected because of it, and everything recovers by itself.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::ValueEnum;
use order::RejectionReason;

use crate::database::CheckDatabase;
use crate::faults::PartKind;
use crate::load::{Answers, LoadProgress, SentNotification};
use crate::say;
use crate::system::ChaosSystem;
use crate::verdict::ChaosVerdict;

/// Load before the outage, and after the server accepts connections again.
const BEFORE: Duration = Duration::from_secs(8);
const AFTER: Duration = Duration::from_secs(25);
/// The default number of orders that begin each second.
const RATE: u64 = 5;
/// The ingress's `confirm_timeout` by default, and a second for a busy machine.
const ANSWER_LIMIT: Duration = Duration::from_secs(6);
/// After so long without a delivery the pipeline has not recovered at all.
const GIVE_UP: Duration = Duration::from_secs(120);
/// How often is looked.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A server that can be away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BrokenServer {
    Broker,
    Database,
}

/// Which one, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlannedOutage {
    pub(crate) server: BrokenServer,
    pub(crate) length: Duration,
    /// It delivers again so soon after the server accepts connections.
    pub(crate) recovery: Duration,
}

/// What an outage left behind for the look at rest.
pub(crate) struct Over {
    accepted_at: DateTime<Utc>,
}

impl PlannedOutage {
    /// How long the load lasts.
    pub(crate) fn span(&self) -> Duration {
        BEFORE + self.length + AFTER
    }

    /// How many orders that is.
    pub(crate) fn orders(&self) -> usize {
        usize::try_from(self.span().as_secs() * RATE).unwrap_or(usize::MAX)
    }

    /// The longest gap between two deliveries of one notification: what waits shall not become the
    /// load itself.
    pub(crate) fn longest_gap(&self) -> Duration {
        (self.length / 20).clamp(Duration::from_secs(2), Duration::from_secs(30))
    }

    fn kind(&self) -> PartKind {
        match self.server {
            BrokenServer::Broker => PartKind::Broker,
            BrokenServer::Database => PartKind::Database,
        }
    }

    /// Ends the server, starts it again, and waits until something is delivered.
    pub(crate) fn endure(
        &self,
        system: &ChaosSystem,
        progress: &LoadProgress,
        verdict: &mut ChaosVerdict,
    ) -> anyhow::Result<Over> {
        sleep(BEFORE);
        let name = self.kind().name();
        take(progress);
        let began = Instant::now();
        system.stop(self.kind());
        say(&format!("· the {name} is stopped for {} s", self.length.as_secs()));
        sleep(self.length.saturating_sub(began.elapsed()));
        let answers = take(progress);

        let starting = system.begin_start(self.kind());
        let began = Instant::now();
        while !self.accepts(system) {
            if began.elapsed() > GIVE_UP {
                bail!("the {name} does not accept connections again");
            }
            sleep(POLL_INTERVAL);
        }
        let (accepted, accepted_at) = (Instant::now(), Utc::now());
        say(&format!("· it accepts connections {:.1} s after its start", seconds(began.elapsed())));
        let mut database = CheckDatabase::open(&system.database_url)?;
        let before = database.delivered()?;
        while database.delivered()? == before {
            if accepted.elapsed() > GIVE_UP {
                bail!("nothing is delivered {} s after the {name} is back", GIVE_UP.as_secs());
            }
            sleep(POLL_INTERVAL);
        }
        let recovered = accepted.elapsed();
        say(&format!(
            "· delivered again {:.2} s after it accepts connections (limit {} s)",
            seconds(recovered),
            self.recovery.as_secs()
        ));
        if recovered > self.recovery {
            verdict.add("outage", format!("delivered again after {:.1} s", seconds(recovered)));
        }
        for starting in starting {
            starting.recv().context("the server's supervisor is gone")?;
        }
        self.judge(&answers, verdict);
        Ok(Over { accepted_at })
    }

    /// What the ingress answered meanwhile.
    fn judge(&self, answers: &Answers, verdict: &mut ChaosVerdict) {
        let Answers { success, fail, other, none, slowest } = answers;
        say(&format!(
            "· answers while it was away: {success} × success, {fail} × 503 fail, {other} others, \
             {none} × none; the slowest after {:.2} s (limit {} s)",
            seconds(*slowest),
            ANSWER_LIMIT.as_secs()
        ));
        let mut must = |holds: bool, what: &str| {
            if !holds {
                verdict.add("outage", what);
            }
        };
        must(*slowest <= ANSWER_LIMIT, "an answer of an ingress took too long");
        must(*none == 0, "an ingress did not answer");
        must(*other == 0, "an ingress answered neither success nor 503 fail");
        match self.server {
            BrokenServer::Broker => must(*fail > 0, "nobody asked: the outage proves nothing"),
            BrokenServer::Database => {
                must(*success > 0, "nobody asked: the outage proves nothing");
                must(*fail == 0, "an ingress answered fail, which knows no database");
            }
        }
    }

    /// At rest: no attempt was counted and no message was rejected.
    pub(crate) fn check(
        &self,
        system: &ChaosSystem,
        over: &Over,
        sent: &[SentNotification],
        dead: &[(String, String)],
        verdict: &mut ChaosVerdict,
    ) -> anyhow::Result<()> {
        let blamed = CheckDatabase::open(&system.database_url)?.attempted()?;
        if blamed > 0 {
            verdict.add("outage", format!("an attempt was counted for {blamed} notifications"));
        }
        for (id, reason) in
            dead.iter().filter(|(_, reason)| reason != RejectionReason::TotalMismatch.as_str())
        {
            verdict.add("outage", format!("{id} was dead-lettered: {reason}"));
        }
        let since = sent
            .iter()
            .filter_map(|sent| sent.ledger.answered_success_at)
            .filter(|at| *at > over.accepted_at)
            .min();
        if let (BrokenServer::Broker, Some(first)) = (self.server, since) {
            let after = (first - over.accepted_at).num_milliseconds();
            say(&format!("· answered success again {after} ms after it accepted connections"));
        }
        Ok(())
    }

    /// Whether the server speaks.
    fn accepts(&self, system: &ChaosSystem) -> bool {
        match self.server {
            BrokenServer::Database => CheckDatabase::open(&system.database_url).is_ok(),
            BrokenServer::Broker => system.brokers.iter().all(|node| speaks(node).is_ok()),
        }
    }
}

/// The broker answers AMQP's protocol header with its first method.
fn speaks(broker: &str) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(broker)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    stream.write_all(b"AMQP\0\0\x09\x01")?;
    stream.read_exact(&mut [0])
}

fn take(progress: &LoadProgress) -> Answers {
    std::mem::take(&mut *progress.answers.lock())
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64()
}

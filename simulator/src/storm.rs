//! Load: very many notifications at a fixed rate, with a ledger of what was answered.
//!
//! The load is open: a notification is sent when its time has come, however slowly the ones before
//! it are answered, and its latency counts from that time. A closed loop, which waits for answers,
//! would slow down together with what it measures and report a flattering latency.
//!
//! Notifications are signed by threads of their own ahead of time (`signing`), sent and repeated
//! (`delivery`), and entered into the ledger and the summary when they are over (`summary`).

mod batch;
mod delivery;
mod ledger;
mod pace;
mod signing;
mod summary;

use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alipay::{Fen, Signer};
use hyper::Uri;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use self::delivery::{DeliveryEnd, Way};
pub use self::ledger::LedgerLine;
use self::pace::StormPace;
use self::signing::Signed;
use self::summary::Tally;
pub use self::summary::{Latency, StormSummary};
use crate::{
    AlipayTrade, MerchantIdentity, RepeatSchedule, SignError, TradeError, TradeFileError,
    TradeStore,
};

/// A load to be put on one notify URL.
#[derive(Debug, Clone)]
pub struct Storm {
    /// Who is notified.
    pub merchant: MerchantIdentity,
    /// What signs.
    pub signer: Signer,
    /// The notify URL.
    pub to: Uri,
    /// The orders, each of which gets a trade of its own.
    pub orders: Vec<String>,
    /// What every order costs.
    pub total: Fen,
    /// What happens to every order.
    pub mix: Mix,
    /// Notifications a second; 0 means as fast as the connections allow.
    pub rate: u32,
    /// Most requests at the same time, each on a connection that is kept alive. Above zero.
    pub connections: usize,
    /// What goes wrong.
    pub faults: StormFaults,
    /// When to repeat what was not answered `success`.
    pub schedule: RepeatSchedule,
    /// How long to wait for an answer.
    pub timeout: Duration,
    /// Where its trades are kept under a merchant's name, for a gateway that is asked about them:
    /// what is not sent, or lost, can then be learned. `None`: nowhere.
    pub trade_store: Option<(String, TradeStore)>,
}

/// What happens to every order of a storm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// It is paid.
    Pay,
    /// It is paid and refunded in full.
    PayRefund,
}

/// A word that is no [`Mix`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown mix {0:?}: expected pay or pay+refund")]
pub struct UnknownMix(String);

impl FromStr for Mix {
    type Err = UnknownMix;

    fn from_str(word: &str) -> Result<Mix, UnknownMix> {
        match word {
            "pay" => Ok(Mix::Pay),
            "pay+refund" => Ok(Mix::PayRefund),
            other => Err(UnknownMix(other.to_owned())),
        }
    }
}

/// What goes wrong in a storm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::Args)]
pub struct StormFaults {
    /// Percentage of notifications that are sent twice.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub duplicate: u8,
    /// Percentage of notifications beside which a forged one is sent once; its answer must not
    /// be success.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub corrupt: u8,
    /// The same with a valid signature and another app or seller.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub wrong_app: u8,
    /// Percentage of notifications beside which one with another total is sent once; it must
    /// become a dead letter.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub wrong_amount: u8,
    /// Percentage of notifications that are never sent.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub drop: u8,
    /// Percentage of notifications that are sent five seconds late.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub delay: u8,
    /// Percentage of notifications in GBK (openapi, which names its charset).
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub gbk: u8,
    /// Percentage of notifications whose body is sent slowly, in pieces.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub slow_body: u8,
    /// Percentage of notifications whose first attempt breaks off in the middle.
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    pub half_body: u8,
    /// Change the order of neighbouring notifications.
    #[arg(long)]
    pub reorder: bool,
    /// Seed that decides which notifications have faults.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

/// Reads a share such as `20%` or `20`.
///
/// # Errors
/// It is no whole number, or more than 100.
pub fn percent(text: &str) -> Result<u8, &'static str> {
    match text.strip_suffix('%').unwrap_or(text).parse() {
        Ok(number @ 0..=100) => Ok(number),
        Ok(_) => Err("more than 100%"),
        Err(_) => Err("expected a percentage, for example 20%"),
    }
}

/// How far a storm has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StormProgress {
    /// So many notifications are signed; nothing is sent yet.
    Signed(u64),
    /// So many notifications are over, answered `success` or given up.
    Over(u64),
}

/// Why a storm cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum StormError {
    /// A notification cannot be signed.
    #[error(transparent)]
    Sign(#[from] SignError),
    /// A trade cannot make a step, for example because the total is zero.
    #[error(transparent)]
    Trade(#[from] TradeError),
    /// The trades cannot be kept.
    #[error("the trades cannot be kept: {0}")]
    TradeFile(#[from] TradeFileError),
    /// The ledger cannot be written.
    #[error("the ledger cannot be written: {0}")]
    Ledger(#[from] io::Error),
}

impl Storm {
    /// How many notifications the orders make, without duplicates and forged ones.
    pub fn notifications(&self) -> u64 {
        let now = chrono::Utc::now();
        let mut trade = AlipayTrade::open(&self.merchant, "", self.total, now);
        let each = batch::notifications(&mut trade, self.mix, now).map_or(0, |all| all.len());
        self.orders.len() as u64 * each as u64
    }

    /// Runs to the end: everything was answered `success` or given up. When `cancelled`, sends
    /// nothing more and repeats nothing; what was sent is in the ledger and the summary.
    ///
    /// # Errors
    /// [`StormError`]; what was sent until then is in the ledger.
    pub async fn run(
        &self,
        ledger: Option<Box<dyn Write + Send>>,
        cancelled: &CancellationToken,
        progress: impl Fn(StormProgress),
    ) -> Result<StormSummary, StormError> {
        let mut signed = signing::start(self);
        signed.fill(|count| progress(StormProgress::Signed(count)), cancelled).await?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the sender must not be slowed: it is what is measured"
        )]
        let (over, lines) = mpsc::unbounded_channel();
        let started = Instant::now();
        // A storm whose ledger is broken proves nothing: it is ended.
        let stop = cancelled.child_token();
        let gather = async {
            let _end = stop.clone().drop_guard();
            summary::gather(lines, ledger, |count| progress(StormProgress::Over(count))).await
        };
        let (sent, tally) = tokio::join!(self.send(signed, over, &stop), gather);
        sent?;
        let tally: Tally = tally?;
        Ok(tally.summary(started.elapsed(), cancelled.is_cancelled()))
    }

    /// Sends everything, each at its time. The lines come over the channel, which closes when the
    /// last delivery is over.
    async fn send(
        &self,
        mut signed: Signed,
        over: mpsc::UnboundedSender<DeliveryEnd>,
        cancelled: &CancellationToken,
    ) -> Result<(), StormError> {
        let way = Arc::new(Way::new(self, cancelled.clone()));
        let permits = Arc::new(Semaphore::new(self.connections));
        let mut pace = (self.rate > 0).then(|| StormPace::start(self.rate));
        while let Some(prepared) = signed.next().await? {
            let (intended, permit) = match &mut pace {
                Some(pace) => {
                    let tick = tokio::select! {
                        tick = pace.next() => tick,
                        () = cancelled.cancelled() => None,
                    };
                    let Some(tick) = tick else { break };
                    (tick, None)
                }
                None => {
                    let Ok(permit) = permits.clone().acquire_owned().await else { break };
                    (Instant::now(), Some(permit))
                }
            };
            if cancelled.is_cancelled() {
                break;
            }
            let (way, permits, over) = (way.clone(), permits.clone(), over.clone());
            tokio::spawn(async move {
                let line = way.deliver(prepared, intended, permit, &permits).await;
                // The receiver is gone when the ledger cannot be written, which ends the storm anyway.
                let _ = over.send(line);
            });
        }
        Ok(())
    }
}

//! An operator who refunds by `ops refund`, and repeats the command until it has worked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alipay::Fen;
use service::backoff::Backoff;
use testkit::Pipeline;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::say;
use crate::story::PART;

/// Commands under way at one time: each is a process.
const CONCURRENCY: usize = 3;
/// How long the operator waits before the same command again, at first and at most.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An operator with a shell, who reaches the servers directly, not through the fault proxies.
#[derive(Clone)]
pub(crate) struct RefundOperator {
    shop: Pipeline,
    at_once: Arc<Semaphore>,
}

impl RefundOperator {
    pub(crate) fn new(shop: &Pipeline) -> RefundOperator {
        RefundOperator { shop: shop.clone(), at_once: Arc::new(Semaphore::new(CONCURRENCY)) }
    }

    /// Refunds a part of an order. Not paid yet, the database away, the gateway answers 503, nobody
    /// knows its outcome: the same command is the same refund, so it is repeated.
    pub(crate) async fn refund(&self, order: &str, give_up: &AtomicBool) -> anyhow::Result<()> {
        let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
        loop {
            let (shop, order) = (self.shop.clone(), order.to_owned());
            let permit = self.at_once.acquire().await?;
            let ended = tokio::task::spawn_blocking(move || {
                let amount = Fen::new(PART).to_string();
                let what = ["--amount", &amount, "--reason", "chaos", "--by", "chaos"];
                shop.ops(&[&["refund", &order][..], &what].concat())
            });
            let ended = ended.await?;
            drop(permit);
            match ended {
                Ok(_) => return Ok(()),
                // The look at the ledger tells of it, too.
                Err(error) if give_up.load(Ordering::Relaxed) => {
                    say(&format!("  ! {error:#}"));
                    return Ok(());
                }
                Err(_) => sleep(backoff.next_pause()).await,
            }
        }
    }
}

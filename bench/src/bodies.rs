//! Notifications that are signed before anything is measured.

use std::sync::Arc;
use std::thread;

use alipay::{Fen, Signer};
use bytes::Bytes;
use chrono::Utc;
use simulator::{AlipayTrade, MerchantIdentity};

/// Whose notifications, and how they are signed.
#[derive(Clone)]
pub(crate) struct SigningMerchant {
    /// The name in the configuration.
    pub(crate) name: &'static str,
    pub(crate) merchant: MerchantIdentity,
    pub(crate) signer: Signer,
}

/// What every order of a run costs.
pub(crate) const TOTAL: Fen = Fen::new(1000);

/// One `TRADE_SUCCESS` for each order, as the body of a POST; signed by all cores.
pub(crate) fn signed(sender: &SigningMerchant, orders: &[String]) -> anyhow::Result<Arc<[Bytes]>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = orders.len().div_ceil(threads).max(1);
    let bodies = thread::scope(|scope| {
        let threads: Vec<_> = orders
            .chunks(share)
            .map(|orders| scope.spawn(|| orders.iter().map(|order| one(sender, order)).collect()))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread.join().map_err(|_| anyhow::anyhow!("a signing thread panicked"))?
            })
            .collect::<anyhow::Result<Vec<Vec<Bytes>>>>()
    })?;
    Ok(bodies.into_iter().flatten().collect())
}

fn one(sender: &SigningMerchant, order: &str) -> anyhow::Result<Bytes> {
    let now = Utc::now();
    let mut trade = AlipayTrade::open(&sender.merchant, order, TOTAL, now);
    Ok(Bytes::from(trade.pay(now)?.sign(&sender.signer)?.body()))
}

//! Trades that nobody paid in time are closed.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};

use super::Alipay;
use super::step::StepError;
use crate::{Status, TradeStore};

/// When which unpaid trade is closed, the first one first. The store is searched once, at the start:
/// it may hold very many trades.
#[derive(Debug, Default)]
pub(super) struct TimeLimits {
    first_first: Mutex<BTreeSet<(DateTime<Utc>, String)>>,
    /// Locked while trades are closed: who finds none that is due must not overtake who is closing one.
    closing: Mutex<()>,
}

impl TimeLimits {
    /// Those of the trades in a store.
    pub(super) fn of(trade_store: &TradeStore) -> TimeLimits {
        let limits = trade_store.read(|trades| {
            let kept = trades.merchants.values().flat_map(|orders| orders.values().flatten());
            let unpaid = kept.filter(|kept| kept.trade.status == Status::WaitBuyerPay);
            unpaid
                .filter_map(|kept| Some((kept.trade.pay_until?, kept.trade.trade_no.clone())))
                .collect()
        });
        // A server of a file has read it before.
        TimeLimits {
            first_first: Mutex::new(limits.unwrap_or_default()),
            closing: Mutex::default(),
        }
    }

    /// One more.
    pub(super) fn add(&self, until: DateTime<Utc>, trade_no: String) {
        self.lock().insert((until, trade_no));
    }

    /// The first trade whose time is over, for the last time.
    fn next(&self, at: DateTime<Utc>) -> Option<(DateTime<Utc>, String)> {
        let mut limits = self.lock();
        let is_over = limits.first().is_some_and(|(until, _)| *until <= at);
        if is_over { limits.pop_first() } else { None }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(DateTime<Utc>, String)>> {
        self.first_first.lock()
    }
}

impl Alipay {
    /// Closes every trade whose time is over, and sends the notification where Alipay does.
    pub(super) fn close_in_time(&self) {
        let _closing = self.limits.closing.lock();
        while let Some((until, trade_no)) = self.limits.next(self.now()) {
            let told = self.settings.tell_timeouts;
            let closed = self.step(&trade_no, None, |trade, at| {
                let is_told = told || trade.tells_timeout;
                let notification = trade.time_out(at)?;
                Ok(if is_told { vec![notification] } else { Vec::new() })
            });
            match closed {
                Ok(_) => tracing::info!(trade_no, "nobody paid in time; the trade is closed"),
                // Paid or closed meanwhile, or not in the trade store any more.
                Err(StepError::Trade(_) | StepError::NotFound) => {}
                Err(error) => {
                    tracing::error!(%error, "a trade cannot be closed; tried again");
                    return self.limits.add(until, trade_no);
                }
            }
        }
    }
}

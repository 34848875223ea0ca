//! The trades that the server knows.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::{KeptTrade, TradeFile, TradeFileError, Trades};

/// Trades by merchant and order, in memory or in a [`TradeFile`], which other programs may change
/// meanwhile. Cheap to clone; clones are the same store.
///
/// Calls wait for a lock and, where there is a file, for the disk.
#[derive(Debug, Clone)]
pub struct TradeStore(Kept);

#[derive(Debug, Clone)]
enum Kept {
    Memory(Arc<Mutex<Trades>>),
    File(TradeFile),
}

impl TradeStore {
    /// An empty store in memory, which ends with the process.
    pub fn in_memory() -> TradeStore {
        TradeStore(Kept::Memory(Arc::default()))
    }

    /// The trades of a file, which need not exist yet.
    pub fn of_file(file: TradeFile) -> TradeStore {
        TradeStore(Kept::File(file))
    }

    /// Reads what is in the trade store.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read<T>(&self, read: impl FnOnce(&Trades) -> T) -> Result<T, TradeFileError> {
        match &self.0 {
            Kept::Memory(trades) => Ok(read(&trades.lock())),
            Kept::File(file) => Ok(read(&file.read()?)),
        }
    }

    /// Changes what is in the trade store. An error of `change` must not have changed anything: with a
    /// file nothing is written, in memory nothing is undone.
    ///
    /// # Errors
    /// Those of `change`; the file cannot be read or written.
    pub fn update<T, E: From<TradeFileError>>(
        &self,
        change: impl FnOnce(&mut Trades) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.0 {
            Kept::Memory(trades) => change(&mut trades.lock()),
            Kept::File(file) => file.update(change),
        }
    }
}

/// Which trade a merchant asks about: `trade_no` wins.
#[derive(Debug, Clone, Copy)]
pub(super) struct TradeSelector<'a> {
    pub(super) out_trade_no: Option<&'a str>,
    pub(super) trade_no: Option<&'a str>,
}

impl TradeSelector<'_> {
    /// The merchant's trade. Of several trades of one order the latest that was paid, else the
    /// latest: an order number has one trade at Alipay, and only the simulator makes a second one.
    pub(super) fn find<'t>(&self, trades: &'t Trades, merchant: &str) -> Option<&'t KeptTrade> {
        let orders = trades.merchants.get(merchant)?;
        match (self.trade_no, self.out_trade_no) {
            (Some(trade_no), _) => {
                orders.values().flatten().find(|kept| kept.trade.trade_no == trade_no)
            }
            (None, Some(order)) => {
                let kept = orders.get(order)?;
                kept.iter().rfind(|kept| kept.trade.gmt_payment.is_some()).or(kept.last())
            }
            (None, None) => None,
        }
    }
}

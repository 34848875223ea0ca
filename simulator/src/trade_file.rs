//! Trades that outlive the program.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::{AlipayTrade, UnsignedNotification};

/// The JSON file in which trades are kept between two runs, since a refund needs to know the
/// payment. Two programs may use it at once: a lock file beside it makes them take turns.
#[derive(Debug, Clone)]
pub struct TradeFile {
    path: PathBuf,
}

/// What the file holds.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trades {
    /// By the merchant's name in the configuration, then by order number: the trades of the
    /// order, oldest first. More than one when it was paid twice.
    pub merchants: BTreeMap<String, BTreeMap<String, Vec<KeptTrade>>>,
}

/// A trade with what has been said about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptTrade {
    /// The trade.
    pub trade: AlipayTrade,
    /// Its notifications, oldest first, to be repeated.
    pub notifications: Vec<UnsignedNotification>,
    /// The pay link that opened it; none when a command did.
    #[serde(default)]
    pub link: Option<PayLinkUrls>,
}

/// Where a pay link wants the buyer and the notifications to go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayLinkUrls {
    /// Where notifications go; the merchant's usual address where it names none.
    pub notify_url: Option<String>,
    /// Where the browser goes after the payment.
    pub return_url: Option<String>,
    /// The merchant's page of what is bought.
    pub show_url: Option<String>,
}

impl KeptTrade {
    /// A trade about which nothing was said yet.
    pub fn new(trade: AlipayTrade) -> KeptTrade {
        KeptTrade { trade, notifications: Vec::new(), link: None }
    }
}

/// Why trades cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum TradeFileError {
    /// The file cannot be read, locked or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} holds no trades: {source}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

impl Trades {
    /// The trades of an order, to be read and changed.
    pub fn of(&mut self, merchant: &str, out_trade_no: &str) -> &mut Vec<KeptTrade> {
        let orders = self.merchants.entry(merchant.to_owned()).or_default();
        orders.entry(out_trade_no.to_owned()).or_default()
    }
}

impl TradeFile {
    /// A file that need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> TradeFile {
        TradeFile { path: path.into() }
    }

    /// Where the trades are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the trades, lets `change` change them, and writes them back, all under the lock; an
    /// error of `change` writes nothing. A crash leaves either the old or the new file.
    ///
    /// # Errors
    /// Those of `change`, and [`TradeFileError`].
    pub fn update<T, E: From<TradeFileError>>(
        &self,
        change: impl FnOnce(&mut Trades) -> Result<T, E>,
    ) -> Result<T, E> {
        // The lock is on a file of its own: the trades' file is replaced, and a lock on the old
        // one would lock nothing.
        let _lock = self.lock()?;
        let mut trades = self.read()?;
        let result = change(&mut trades)?;
        self.write(&trades)?;
        Ok(result)
    }

    /// Reads the trades; a file that is not there holds none.
    ///
    /// # Errors
    /// [`TradeFileError`].
    pub fn read(&self) -> Result<Trades, TradeFileError> {
        match fs::read(&self.path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|source| TradeFileError::Content { path: self.path.clone(), source }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Trades::default()),
            Err(source) => Err(TradeFileError::File { path: self.path.clone(), source }),
        }
    }

    fn lock(&self) -> Result<File, TradeFileError> {
        let path = self.beside("lock");
        let locked = || {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        locked().map_err(|source| TradeFileError::File { path: path.clone(), source })
    }

    fn write(&self, trades: &Trades) -> Result<(), TradeFileError> {
        let text = serde_json::to_vec_pretty(trades)
            .map_err(|source| TradeFileError::Content { path: self.path.clone(), source })?;
        let new = self.beside("new");
        let written = || {
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &self.path)
        };
        written().map_err(|source| TradeFileError::File { path: self.path.clone(), source })
    }

    /// `trades.json` → `trades.json.lock`.
    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(ending);
        PathBuf::from(name)
    }
}

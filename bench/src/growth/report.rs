//! What a run of `bench growth` found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use comfy_table::{Table, presets};
use serde::Serialize;

use crate::results::Spread;

/// A notification may cost so many times as much behind the loaded orders.
const RATIO: f64 = 1.2;
/// So many seconds `ops audit` may take for a million orders.
const AUDIT_SECONDS: f64 = 30.0;

/// What was measured behind so many orders.
#[derive(Debug, Serialize)]
pub(super) struct Size {
    /// How many orders were loaded.
    pub(super) orders: usize,
    /// Notifications a second.
    pub(super) rate: Spread,
    /// Core-microseconds of the database for each notification, events included.
    pub(super) database_us: Spread,
    /// `None` where nothing was loaded.
    pub(super) audit: Option<Audit>,
}

/// One run of `ops audit`.
#[derive(Debug, Serialize)]
pub(super) struct Audit {
    pub(super) orders: u64,
    pub(super) seconds: f64,
}

impl Audit {
    /// How long a million orders take at this rate, in seconds.
    fn of_a_million(&self) -> f64 {
        self.seconds * 1_000_000.0 / self.orders.max(1) as f64
    }
}

/// All of one run.
#[derive(Debug, Serialize)]
pub(super) struct Growth {
    /// `YYYY-MM-DD HH:MM:SS UTC`.
    pub(super) at: String,
    pub(super) revision: String,
    pub(super) cores: usize,
    pub(super) database: String,
    /// `innodb_buffer_pool_size`, bytes.
    pub(super) buffer_pool: i64,
    /// Of each drain.
    pub(super) notifications: usize,
    /// The first is that of the empty schema.
    pub(super) sizes: Vec<Size>,
    /// Bytes of data and indexes, by table.
    pub(super) bytes_per_order: BTreeMap<&'static str, f64>,
    pub(super) pruned_rows: u64,
    pub(super) prune_seconds: f64,
}

impl Growth {
    /// What has a target: its name, the value, and what it is at most.
    fn targets(&self) -> Vec<(String, f64, f64)> {
        let steps = self.sizes.iter().zip(self.sizes.iter().skip(1)).map(|(less, more)| {
            let name = format!("database time, {} / {}", behind(more.orders), behind(less.orders));
            (name, more.database_us.median / less.database_us.median, RATIO)
        });
        let audits = self.sizes.iter().filter_map(|size| Some((size.orders, size.audit.as_ref()?)));
        let audits = audits.map(|(orders, audit)| {
            let name = format!("audit of a million orders, {}, s", behind(orders));
            (name, audit.of_a_million(), AUDIT_SECONDS)
        });
        steps.chain(audits).collect()
    }

    /// For a person.
    pub(super) fn table(&self) -> String {
        let mut drains = Table::new();
        drains.load_style(presets::UTF8_HORIZONTAL_ONLY);
        drains.set_header(["", "a second", "database core-µs", "least–most"]);
        for size in &self.sizes {
            let us = size.database_us;
            drains.add_row([
                behind(size.orders),
                format!("{:.0}", size.rate.median),
                format!("{:.0}", us.median),
                format!("{:.0}–{:.0}", us.least, us.most),
            ]);
        }
        let mut bytes = Table::new();
        bytes.load_style(presets::UTF8_HORIZONTAL_ONLY);
        bytes.set_header(["table", "bytes an order"]);
        for (table, size) in &self.bytes_per_order {
            bytes.add_row([(*table).to_owned(), format!("{size:.0}")]);
        }
        let total: f64 = self.bytes_per_order.values().sum();
        bytes.add_row(["all".to_owned(), format!("{total:.0}")]);
        let mut targets = Table::new();
        targets.load_style(presets::UTF8_HORIZONTAL_ONLY);
        targets.set_header(["", "measured", "target", ""]);
        for (name, value, target) in self.targets() {
            let met = if value <= target { "met" } else { "missed" };
            targets.add_row([name, format!("{value:.2}"), format!("≤ {target}"), met.to_owned()]);
        }
        let pruned = format!(
            "prune: {} rows in {:.1} s, {:.0} a second",
            self.pruned_rows,
            self.prune_seconds,
            self.pruned_rows as f64 / self.prune_seconds
        );
        format!("{drains}\n\n{bytes}\n\n{targets}\n\n{pruned}")
    }

    /// Writes `growth-DATE.json`.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<PathBuf> {
        std::fs::create_dir_all(folder)?;
        let day: String = self.at.chars().take(10).collect();
        let file = folder.join(format!("growth-{day}.json"));
        std::fs::write(&file, serde_json::to_string_pretty(self)? + "\n")?;
        Ok(file)
    }
}

/// How a size is called.
fn behind(orders: usize) -> String {
    match orders {
        0 => "empty".to_owned(),
        orders => format!("behind {orders} orders"),
    }
}

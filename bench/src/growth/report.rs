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

/// Drains of one size of the database.
#[derive(Debug, Serialize)]
pub(super) struct Drains {
    /// Notifications a second.
    pub(super) rate: Spread,
    /// Core-microseconds of the database for each notification, events included.
    pub(super) database_us: Spread,
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
    /// How many were loaded.
    pub(super) orders: usize,
    /// Of each drain.
    pub(super) notifications: usize,
    /// Before they were loaded.
    pub(super) empty: Drains,
    /// And after.
    pub(super) full: Drains,
    /// Bytes of data and indexes, by table.
    pub(super) bytes_per_order: BTreeMap<&'static str, f64>,
    pub(super) audited_orders: u64,
    pub(super) audit_seconds: f64,
    pub(super) pruned_rows: u64,
    pub(super) prune_seconds: f64,
}

impl Growth {
    /// How many times as much a notification costs the database.
    fn ratio(&self) -> f64 {
        self.full.database_us.median / self.empty.database_us.median
    }

    /// How long an audit of a million orders takes at this rate, in seconds.
    fn audit_of_a_million(&self) -> f64 {
        self.audit_seconds * 1_000_000.0 / self.audited_orders.max(1) as f64
    }

    /// For a person.
    pub(super) fn table(&self) -> String {
        let mut drains = Table::new();
        drains.load_style(presets::UTF8_HORIZONTAL_ONLY);
        drains.set_header(["", "a second", "database core-µs", "least–most"]);
        let loaded = format!("behind {} orders", self.orders);
        for (name, of) in [("empty", &self.empty), (loaded.as_str(), &self.full)] {
            let us = of.database_us;
            drains.add_row([
                name.to_owned(),
                format!("{:.0}", of.rate.median),
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
        for (name, value, target) in [
            ("database time, full / empty", self.ratio(), RATIO),
            ("audit of a million orders, s", self.audit_of_a_million(), AUDIT_SECONDS),
        ] {
            let met = if value <= target { "met" } else { "missed" };
            targets.add_row([
                name.to_owned(),
                format!("{value:.2}"),
                format!("≤ {target}"),
                met.to_owned(),
            ]);
        }
        let pruned = format!(
            "audit: {} orders in {:.1} s; prune: {} rows in {:.1} s, {:.0} a second",
            self.audited_orders,
            self.audit_seconds,
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

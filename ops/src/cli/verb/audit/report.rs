//! What `ops audit` prints.

use std::collections::BTreeMap;
use std::time::Duration;

use alipay::Fen;
use order::VariantArray as _;
use serde::Serialize;
use store::BeijingTime;

use crate::cli::table::{list, table};
use crate::operations::audit::{Audit, AuditEntries, AuditEntry, GapKind, Totals};
use crate::plural;

#[derive(Serialize)]
pub(crate) struct AuditReport<'a> {
    /// The moment of the snapshot.
    at: BeijingTime,
    milliseconds: u128,
    totals: &'a Totals,
    gaps_found: u64,
    /// By kind, all of them.
    gap_counts: BTreeMap<&'static str, u64>,
    /// The first of them.
    gaps: &'a [AuditEntry<GapKind>],
    waiting_found: u64,
    waiting_counts: &'a BTreeMap<&'static str, u64>,
    waiting: &'a [AuditEntry<&'static str>],
    warnings: Vec<String>,
}

impl AuditReport<'_> {
    pub(crate) fn new(audit: &Audit, took: Duration) -> AuditReport<'_> {
        let mut warnings = Vec::new();
        if let Some(oldest) = audit.unpublished.oldest {
            let (count, oldest) = (audit.unpublished.count, BeijingTime(oldest));
            warnings.push(format!(
                "{} {} to be published, the oldest since {oldest} (worker: is one running, \
                 with [events] enabled = true?)",
                plural::count(count, "event"),
                plural::verb(count, "waits", "wait")
            ));
        }
        let AuditEntries { counts, kept, .. } = &audit.gaps;
        AuditReport {
            at: BeijingTime(audit.now),
            milliseconds: took.as_millis(),
            totals: &audit.totals,
            gaps_found: audit.gaps.count(),
            gap_counts: counts.iter().map(|(kind, count)| (kind.name(), *count)).collect(),
            gaps: kept,
            waiting_found: audit.waiting.count(),
            waiting_counts: &audit.waiting.counts,
            waiting: &audit.waiting.kept,
            warnings,
        }
    }

    pub(crate) fn text(&self) -> String {
        let seconds = self.milliseconds / 1000;
        let tenths = self.milliseconds % 1000 / 100;
        let orders = self.totals.orders;
        let mut parts = vec![format!(
            "{} as of {}, looked at in {seconds}.{tenths} s",
            plural::count(orders, "order"),
            self.at
        )];
        parts.push(self.sums());
        if self.gaps_found == 0 {
            parts.push(self.no_gaps());
        } else {
            let counted = GapKind::VARIANTS.iter().filter_map(|kind| {
                let count = self.gap_counts.get(kind.name())?;
                Some([kind.to_string(), count.to_string(), kind.meaning().to_owned()])
            });
            parts.push(table(["gaps", "count", "meaning"], counted));
            parts.push(lines(self.gaps, self.gaps_found));
        }
        if self.waiting_found > 0 {
            let counted = self.waiting_counts.iter();
            let counted = counted.map(|(kind, count)| [(*kind).to_owned(), count.to_string()]);
            parts.push(table(["waiting", "count"], counted));
            parts.push(lines(self.waiting, self.waiting_found));
        }
        parts.extend(self.warnings.iter().map(|warning| format!("warning: {warning}")));
        parts.join("\n\n")
    }

    /// That nothing is wrong, with the reason of a difference between the sums.
    fn no_gaps(&self) -> String {
        let yuan = |fen: i64| Fen::new(fen);
        let parts = [
            (self.totals.difference_waiting, "is of orders that wait: for goods, or for a person"),
            (self.totals.difference_decided, "is of orders about which a person has decided"),
        ];
        let explained = parts.into_iter().filter(|(fen, _)| *fen != 0);
        let explained: String = explained
            .map(|(fen, why)| format!(" Of the difference {} yuan {why}.", yuan(fen)))
            .collect();
        format!("No gaps: goods and money agree for every order.{explained}")
    }

    fn sums(&self) -> String {
        let sums = self.totals;
        let yuan = |fen: i64| Fen::new(fen).to_string();
        let row = |name: &str, units: String, fen: i64| [name.to_owned(), units, yuan(fen)];
        table(
            ["sums", "units", "yuan"],
            [
                row("paid", String::new(), sums.paid),
                row("refunded", String::new(), sums.refunded),
                row("goods out", sums.goods_out_units.to_string(), sums.goods_out),
                row("goods back", sums.goods_back_units.to_string(), sums.goods_back),
                row("difference", String::new(), sums.difference),
                row("  waiting", String::new(), sums.difference_waiting),
                row("  decided", String::new(), sums.difference_decided),
                row("  in gaps", String::new(), sums.difference_in_gaps),
            ],
        )
    }
}

fn lines<K: std::fmt::Display>(lines: &[AuditEntry<K>], found: u64) -> String {
    let mut text = list(lines)
        .column("order", |line| &line.order)
        .column("kind", |line| &line.kind)
        .column("owner", |line| line.owner)
        .optional("age", |line| line.age_seconds.map(age))
        .column("what", |line| &line.what)
        .text();
    let untold = found.saturating_sub(lines.len() as u64);
    if untold > 0 {
        text.push_str(&format!("\nand {untold} more; --limit prints them"));
    }
    text
}

/// The two greatest units.
fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match () {
        () if days > 0 => format!("{days}d {}h", hours % 24),
        () if hours > 0 => format!("{hours}h {}m", minutes % 60),
        () if minutes > 0 => format!("{minutes}m {}s", seconds % 60),
        () => format!("{seconds}s"),
    }
}

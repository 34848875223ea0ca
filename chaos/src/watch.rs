//! The time while parts are broken: injecting, watching, and the end when it takes too long.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use anyhow::bail;
use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;

use crate::faults::{FaultAction, PlannedFault};
use crate::load::LoadProgress;
use crate::part::News;
use crate::say;
use crate::system::{ChaosSystem, keep_logs};
use crate::verdict::ChaosVerdict;

/// How often the watch looks around.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Faults of one part: how many of each name, and how long it was broken in all.
#[derive(Debug, Default)]
struct Row {
    counts: BTreeMap<&'static str, usize>,
    broken: Duration,
    longest: Duration,
}

/// Injects the faults at their times and waits until every part is back. Returns the table of them.
pub(crate) fn inject(
    system: &ChaosSystem,
    faults: &[PlannedFault],
    orders: usize,
    progress: &LoadProgress,
    verdict: &mut ChaosVerdict,
) -> anyhow::Result<String> {
    let bar = ProgressBar::new((faults.len() + orders) as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {elapsed} {msg}") {
        bar.set_style(style);
    }
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    let mut coming = faults.iter();
    let mut next = coming.next();
    let mut due = Instant::now() + next.map_or(Duration::ZERO, |fault| fault.gap);
    let mut over = 0;
    while over < faults.len() {
        if let Some(fault) = next
            && Instant::now() >= due
        {
            system.inject(fault);
            next = coming.next();
            due += next.map_or(Duration::ZERO, |fault| fault.gap);
        }
        match system.news.recv_timeout(POLL_INTERVAL) {
            Ok(News::Injected { part, action, back_after }) => {
                over += 1;
                if bar.is_hidden() {
                    say(&format!("  {over}/{}: {}", faults.len(), told(&part, action, back_after)));
                }
                rows.entry(part).or_default().note(action, back_after);
            }
            Ok(other) => tell(other, verdict),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => bail!("every part's supervisor is gone"),
        }
        let begun = progress.orders_begun.load(Ordering::Relaxed);
        bar.set_position((over + begun) as u64);
        bar.set_message(format!(
            "{over}/{} faults, {begun}/{orders} orders, {} letters over, {} POSTs",
            faults.len(),
            progress.letters_over.load(Ordering::Relaxed),
            progress.posts.load(Ordering::Relaxed),
        ));
    }
    bar.finish_and_clear();
    Ok(table(&rows))
}

/// What the supervisors have reported since.
pub(crate) fn late_news(system: &ChaosSystem, verdict: &mut ChaosVerdict) {
    while let Ok(news) = system.news.try_recv() {
        tell(news, verdict);
    }
}

fn tell(news: News, verdict: &mut ChaosVerdict) {
    let what = match news {
        News::EndedByItself { part, how } => format!("{part} ended by itself: {how}"),
        News::Gone { part, error } => format!("{part} cannot be started again: {error}"),
        News::Injected { .. } => return,
    };
    say(&format!("  ! {what}"));
    verdict.add("parts", what);
}

fn told(part: &str, action: FaultAction, back_after: Duration) -> String {
    let seconds = back_after.as_secs_f64();
    match action {
        FaultAction::Kill { .. } => format!("{part} killed, started again after {seconds:.1} s"),
        FaultAction::Pause { .. } => format!("{part} stopped for {seconds:.1} s"),
        FaultAction::Cut { .. } => format!("{part} cut for at most {seconds:.1} s"),
        FaultAction::Delay { by, .. } => {
            format!("{part} slower by {} ms for {seconds:.1} s", by.as_millis())
        }
        FaultAction::BlackHole { .. } => format!("{part} silent for {seconds:.1} s"),
        FaultAction::Isolate { .. } => {
            format!("{part} cut from the other nodes for {seconds:.1} s")
        }
    }
}

impl Row {
    fn note(&mut self, action: FaultAction, back_after: Duration) {
        *self.counts.entry(action.name()).or_default() += 1;
        self.broken += back_after;
        self.longest = self.longest.max(back_after);
    }

    fn add(&mut self, other: &Row) {
        for (name, count) in &other.counts {
            *self.counts.entry(name).or_default() += count;
        }
        self.broken += other.broken;
        self.longest = self.longest.max(other.longest);
    }

    fn cells(&self, name: &str) -> Vec<String> {
        let mut cells = vec![name.to_owned()];
        let count = |name: &str| match self.counts.get(name) {
            Some(count) => count.to_string(),
            None => "-".to_owned(),
        };
        cells.extend(FaultAction::NAMES.map(count));
        cells.push(format!("{:.1} s", self.broken.as_secs_f64()));
        cells.push(format!("{:.1} s", self.longest.as_secs_f64()));
        cells
    }
}

fn table(rows: &BTreeMap<String, Row>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    let header = [&["part"][..], &FaultAction::NAMES, &["broken in all", "longest"]].concat();
    table.set_header(header);
    let mut all = Row::default();
    for (part, row) in rows {
        table.add_row(row.cells(part));
        all.add(row);
    }
    table.add_row(all.cells("all"));
    table.to_string()
}

/// Ends the program when its time is over. Everything that it started ends with it (testkit).
pub(crate) struct Watchdog {
    servers: Arc<Mutex<Option<PathBuf>>>,
}

impl Watchdog {
    pub(crate) fn start(limit: Duration, seed: u64, folder: &Path) -> Watchdog {
        let servers: Arc<Mutex<Option<PathBuf>>> = Arc::default();
        let (known, folder) = (servers.clone(), folder.to_owned());
        std::thread::spawn(move || {
            std::thread::sleep(limit);
            if let Some(servers) = &*known.lock() {
                keep_logs(servers, &folder);
            }
            let seconds = limit.as_secs();
            say(&format!("\nSeed {seed}: not over after {seconds} s. Logs: {}", folder.display()));
            #[expect(clippy::disallowed_methods, reason = "what hangs cannot return")]
            std::process::exit(1);
        });
        Watchdog { servers }
    }

    /// Where the servers' logs are, once they run.
    pub(crate) fn servers(&self, folder: &Path) {
        *self.servers.lock() = Some(folder.to_owned());
    }
}

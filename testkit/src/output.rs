//! What a child process writes.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines that are kept of one stream; the oldest go first.
const KEPT: usize = 5_000;

/// The lines of one stream, read by a thread of its own so that the child never waits for us.
#[derive(Debug, Clone)]
pub(crate) struct Output(Arc<(Mutex<Lines>, Condvar)>);

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    /// How many lines were thrown away.
    dropped: usize,
    /// The stream has ended.
    ended: bool,
}

impl Output {
    /// Begins to read.
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Output {
        let output = Output(Arc::default());
        let writer = output.clone();
        std::thread::spawn(move || {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            // An unreadable stream is an ended one.
            while stream.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                writer.push(String::from_utf8_lossy(&line).trim_end().to_owned());
                line.clear();
            }
            writer.lock().ended = true;
            writer.0.1.notify_all();
        });
        output
    }

    fn push(&self, line: String) {
        let mut lines = self.lock();
        lines.kept.push_back(line);
        if lines.kept.len() > KEPT {
            lines.kept.pop_front();
            lines.dropped += 1;
        }
        self.0.1.notify_all();
    }

    /// Takes lines until one is wanted; None when the stream ends or the time is over.
    pub(crate) fn take_until(
        &self,
        is_wanted: impl Fn(&str) -> bool,
        limit: Duration,
    ) -> Option<String> {
        self.wait_until(limit, |lines| {
            std::iter::from_fn(|| lines.kept.pop_front()).find(|line| is_wanted(line))
        })
    }

    /// Waits for a line that holds a text, and takes none.
    pub(crate) fn wait_for(&self, text: &str, limit: Duration) -> Option<String> {
        let mut seen = 0;
        self.wait_until(limit, |lines| {
            let mut unseen = lines.kept.iter().skip(seen - lines.dropped.min(seen));
            let found = unseen.find(|line| line.contains(text)).cloned();
            seen = lines.dropped + lines.kept.len();
            found
        })
    }

    /// Waits until the stream has ended, but not longer than `limit`: a process that the child
    /// started may hold it open.
    pub(crate) fn wait_end(&self, limit: Duration) {
        self.wait_until(limit, |_| None::<()>);
    }

    /// Looks at the lines each time that one has come; None when the stream ends or the time is over.
    fn wait_until<T>(
        &self,
        limit: Duration,
        mut look: impl FnMut(&mut Lines) -> Option<T>,
    ) -> Option<T> {
        let until = Instant::now() + limit;
        let mut lines = self.lock();
        loop {
            if let Some(found) = look(&mut lines) {
                return Some(found);
            }
            let left = until.saturating_duration_since(Instant::now());
            if lines.ended || left.is_zero() {
                return None;
            }
            lines = self.0.1.wait_timeout(lines, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether nothing more comes.
    pub(crate) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// The lines that are kept.
    pub(crate) fn text(&self) -> String {
        let lines = self.lock();
        let mut text = String::new();
        if lines.dropped > 0 {
            text = format!("({} earlier lines are gone)\n", lines.dropped);
        }
        for line in &lines.kept {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        // Lines are whole at every moment: a panic elsewhere does not spoil them.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

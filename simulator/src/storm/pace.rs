//! Times of sending.

use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

/// Ticks that may wait to be taken; a late taker gets them with the times they had.
const WAITING: usize = 1024;

/// The times at which notifications are to be sent, each as it comes.
///
/// A thread sleeps, not a tokio timer: that one counts milliseconds and wakes one or two late, which
/// would be added to every latency.
pub(super) struct StormPace {
    ticks: mpsc::Receiver<Instant>,
}

impl StormPace {
    /// Starts now with the first tick. The thread ends when the pace is dropped.
    pub(super) fn start(rate: u32) -> StormPace {
        let (send, ticks) = mpsc::channel(WAITING);
        thread::spawn(move || {
            let started = Instant::now();
            let mut number = 0_u128;
            loop {
                let nanoseconds = number * 1_000_000_000 / u128::from(rate.max(1));
                let offset = u64::try_from(nanoseconds).unwrap_or(u64::MAX);
                let tick = started + Duration::from_nanos(offset);
                thread::sleep(tick.saturating_duration_since(Instant::now()));
                if send.blocking_send(tick).is_err() {
                    break;
                }
                number += 1;
            }
        });
        StormPace { ticks }
    }

    /// The next time of sending, when it has come.
    pub(super) async fn next(&mut self) -> Option<Instant> {
        self.ticks.recv().await
    }
}

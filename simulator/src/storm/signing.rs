//! Signing ahead of sending.

use std::collections::VecDeque;
use std::num::NonZero;
use std::thread;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::batch::{self, Prepared};
use super::{Storm, StormError};

/// So many notifications are signed before the first is sent; a few kilobytes each. A longer
/// storm is signed while it is sent, with this as its buffer.
const AHEAD: usize = 20_000;
/// Batches that a thread may be ahead of what was taken from it.
const BATCHES: usize = 4;

/// Notifications in the order of sending, signed by threads.
pub(super) struct Signed {
    /// Batch n comes from thread n modulo their number, which keeps the order.
    threads: Vec<mpsc::Receiver<Result<Vec<Prepared>, StormError>>>,
    next: usize,
    ready: VecDeque<Prepared>,
    over: bool,
}

/// Starts to sign a storm. The threads end when everything is signed or taken no more.
pub(super) fn start(storm: &Storm) -> Signed {
    let count = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (0..count).map(|thread| {
        let (send, receive) = mpsc::channel(BATCHES);
        let storm = storm.clone();
        thread::spawn(move || {
            let batches = storm.orders.chunks(batch::ORDERS).zip(0_u64..);
            for (orders, number) in batches.skip(thread).step_by(count) {
                let batch = batch::prepare(&storm, orders, number);
                let failed = batch.is_err();
                if send.blocking_send(batch).is_err() || failed {
                    break;
                }
            }
        });
        receive
    });
    Signed { threads: threads.collect(), next: 0, ready: VecDeque::new(), over: false }
}

impl Signed {
    /// Waits until enough is signed to begin, or everything.
    pub(super) async fn fill(
        &mut self,
        progress: impl Fn(u64),
        cancelled: &CancellationToken,
    ) -> Result<(), StormError> {
        while !self.over && self.ready.len() < AHEAD && !cancelled.is_cancelled() {
            let batch = self.threads[self.next].recv().await;
            self.take(batch)?;
            progress(self.ready.len() as u64);
        }
        Ok(())
    }

    /// The next notification; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Prepared>, StormError> {
        // Takes what is signed, so that the threads go on; waits only when nothing is left.
        while !self.over && self.ready.len() < AHEAD {
            let batch = match self.threads[self.next].try_recv() {
                Ok(batch) => Some(batch),
                Err(mpsc::error::TryRecvError::Disconnected) => None,
                Err(mpsc::error::TryRecvError::Empty) if self.ready.is_empty() => {
                    self.threads[self.next].recv().await
                }
                Err(mpsc::error::TryRecvError::Empty) => break,
            };
            self.take(batch)?;
        }
        Ok(self.ready.pop_front())
    }

    fn take(&mut self, batch: Option<Result<Vec<Prepared>, StormError>>) -> Result<(), StormError> {
        match batch {
            Some(batch) => {
                self.ready.extend(batch?);
                self.next = (self.next + 1) % self.threads.len();
            }
            // The thread whose turn it is has no batch left: then no thread has one.
            None => self.over = true,
        }
        Ok(())
    }
}

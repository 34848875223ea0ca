//! Redelivered messages: each may be a poison message, which has killed the last worker.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use parking_lot::{Condvar, Mutex};

/// Messages that this process has counted and not yet removed from the database. It counts none twice: the
/// process is alive, so a lost connection or a slow call interrupted the work, not the message.
#[derive(Clone, Default)]
pub(crate) struct RedeliveryCounts(Arc<RedeliveryState>);

#[derive(Default)]
struct RedeliveryState {
    /// With how often each was counted, by all processes together.
    counted: Mutex<HashMap<String, i32>>,
    queue: Mutex<AloneQueue>,
    left: Condvar,
}

/// Lanes that want to work on a redelivered message alone, first come first served.
#[derive(Default)]
struct AloneQueue {
    entered: u64,
    left: u64,
}

/// Until it is dropped, one lane works alone.
pub(crate) struct Alone<'a>(&'a RedeliveryState);

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        self.0.queue.lock().left += 1;
        self.0.left.notify_all();
    }
}

impl RedeliveryCounts {
    /// How often it was counted. The first time that this process sees it, `count_up` counts it; when
    /// that fails, it may have counted anyway, so it is not done again.
    pub(crate) fn count<E>(
        &self,
        message_id: &str,
        count_up: impl FnOnce() -> Result<i32, E>,
    ) -> Result<i32, E> {
        let known = match self.0.counted.lock().entry(message_id.to_owned()) {
            Entry::Occupied(known) => Some(*known.get()),
            Entry::Vacant(new) => {
                new.insert(0);
                None
            }
        };
        if let Some(count) = known {
            return Ok(count);
        }
        let count = count_up()?;
        self.0.counted.lock().insert(message_id.to_owned(), count);
        Ok(count)
    }

    pub(crate) fn remove(&self, message_id: &str) {
        self.0.counted.lock().remove(message_id);
    }

    /// To be kept while a redelivered message is worked on, by one lane at a time: what is under way on another lane
    /// while this one kills the process would be counted with it, and dead-lettered although it is
    /// not the cause. That always ends, since each call to the database has a time limit.
    pub(crate) fn alone(&self) -> Alone<'_> {
        let inner = &*self.0;
        let mut queue = inner.queue.lock();
        let before = queue.entered;
        queue.entered += 1;
        while queue.left != before {
            inner.left.wait(&mut queue);
        }
        Alone(inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::RedeliveryCounts;

    #[test]
    fn counted_once_and_remembered() {
        let redeliveries = RedeliveryCounts::default();
        assert_eq!(redeliveries.count("M", || Ok::<i32, ()>(3)), Ok(3));
        // A failure while it is dead-lettered must not cause it to be worked on.
        assert_eq!(redeliveries.count("M", || Err(())), Ok(3));
        redeliveries.remove("M");
        assert_eq!(redeliveries.count("M", || Err(())), Err(()));
        assert_eq!(redeliveries.count("M", || Ok::<i32, ()>(4)), Ok(0));
    }

    #[test]
    fn one_after_the_other() {
        let redeliveries = RedeliveryCounts::default();
        let first = redeliveries.alone();
        let (entered, order) = mpsc::channel();
        let mut waiting = Vec::new();
        for number in 0..3 {
            let (entered, lane) = (entered.clone(), redeliveries.clone());
            waiting.push(thread::spawn(move || {
                let alone = lane.alone();
                entered.send(number).unwrap();
                drop(alone);
            }));
            // So that they queue up in this order.
            while redeliveries.0.queue.lock().entered != number + 2 {
                thread::yield_now();
            }
        }
        assert!(order.recv_timeout(Duration::from_millis(50)).is_err(), "two at a time");
        drop(first);
        waiting.into_iter().for_each(|lane| lane.join().unwrap());
        assert_eq!(order.try_iter().collect::<Vec<u64>>(), [0, 1, 2]);
    }
}

//! How often a login may fail: per user name and per address.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// Keys that are remembered. Of one more, the one is forgotten that is free soonest.
const MOST: usize = 10_000;

/// Attempts by key: some at once, and then one in each pause (GCRA, a leaky bucket that holds one time for each key).
#[derive(Debug)]
pub(super) struct Throttle<K> {
    /// When the key has all its attempts again.
    full_at: Mutex<HashMap<K, Instant>>,
    at_once: u32,
    pause: Duration,
}

impl<K: Eq + Hash + Clone> Throttle<K> {
    /// So many attempts at once, and then one in each `pause`.
    pub(super) fn new(at_once: u32, pause: Duration) -> Throttle<K> {
        Throttle { full_at: Mutex::default(), at_once, pause }
    }

    /// Takes an attempt.
    ///
    /// # Errors
    /// There is none: the time until there is one.
    pub(super) fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let mut full_at = self.full_at.lock();
        let full = full_at.get(key).map_or(now, |at| (*at).max(now));
        let wait = (full - now).saturating_sub(self.pause * (self.at_once - 1));
        if !wait.is_zero() {
            return Err(wait);
        }
        if full_at.len() >= MOST && !full_at.contains_key(key) {
            make_room(&mut full_at, now);
        }
        full_at.insert(key.clone(), full + self.pause);
        Ok(())
    }

    /// Gives an attempt back: it did not fail.
    pub(super) fn give_back(&self, key: &K, now: Instant) {
        let mut full_at = self.full_at.lock();
        let Some(full) = full_at.get_mut(key) else { return };
        match full.checked_sub(self.pause).filter(|at| *at > now) {
            Some(earlier) => *full = earlier,
            None => drop(full_at.remove(key)),
        }
    }
}

/// Forgets keys that have all their attempts, or else the one that has them soonest.
fn make_room<K: Eq + Hash + Clone>(full_at: &mut HashMap<K, Instant>, now: Instant) {
    full_at.retain(|_, full| *full > now);
    if full_at.len() >= MOST {
        let soonest = full_at.iter().min_by_key(|(_, full)| **full).map(|(key, _)| key.clone());
        soonest.and_then(|key| full_at.remove(&key));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(30);

    #[test]
    fn some_attempts_at_once_and_then_one_in_each_pause() {
        let (throttle, start) = (Throttle::new(3, PAUSE), Instant::now());
        for _ in 0..3 {
            assert_eq!(throttle.take(&"wang", start), Ok(()));
        }
        assert_eq!(throttle.take(&"wang", start), Err(PAUSE));
        let second = Duration::from_secs(1);
        assert_eq!(throttle.take(&"wang", start + second * 10), Err(second * 20));
        assert_eq!(throttle.take(&"li", start), Ok(()), "another key");
        assert_eq!(throttle.take(&"wang", start + PAUSE), Ok(()));
        assert_eq!(throttle.take(&"wang", start + PAUSE), Err(PAUSE));
        for _ in 0..3 {
            assert_eq!(throttle.take(&"wang", start + PAUSE * 9), Ok(()));
        }
    }

    #[test]
    fn what_did_not_fail_does_not_count() {
        let (throttle, start) = (Throttle::new(2, PAUSE), Instant::now());
        for _ in 0..100 {
            assert_eq!(throttle.take(&"wang", start), Ok(()));
            throttle.give_back(&"wang", start);
        }
        assert!(throttle.full_at.lock().is_empty());
        assert_eq!(throttle.take(&"wang", start), Ok(()));
        assert_eq!(throttle.take(&"wang", start), Ok(()));
        throttle.give_back(&"wang", start);
        assert_eq!(throttle.take(&"wang", start), Ok(()));
        assert_eq!(throttle.take(&"wang", start), Err(PAUSE));
    }

    #[test]
    fn the_number_of_keys_is_bounded_and_who_failed_most_is_remembered() {
        let (throttle, start) = (Throttle::new(2, PAUSE), Instant::now());
        for _ in 0..2 {
            throttle.take(&0, start).unwrap();
        }
        for key in 1..MOST + 100 {
            throttle.take(&key, start).unwrap();
        }
        assert_eq!(throttle.full_at.lock().len(), MOST);
        assert_eq!(throttle.take(&0, start), Err(PAUSE));
        throttle.take(&usize::MAX, start + PAUSE * 3).unwrap();
        assert_eq!(throttle.full_at.lock().len(), 1, "free keys go first");
    }
}

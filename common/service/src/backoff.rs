//! Pauses between attempts.

use std::time::Duration;

/// Pauses that double from the shortest to the longest one. Half of each is random: many programs that lost one server do not
/// come back in step.
#[derive(Debug)]
pub struct Backoff {
    shortest: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// The next pause is at most `shortest`, and none is longer than `longest`.
    pub const fn new(shortest: Duration, longest: Duration) -> Backoff {
        Backoff { shortest, longest, next: shortest }
    }

    /// How long to wait before the next attempt.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        rand::random_range(pause / 2..=pause)
    }

    /// An attempt succeeded: the next pause is a shortest one again.
    pub fn start_over(&mut self) {
        self.next = self.shortest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_limit_with_jitter() {
        let (shortest, limit) = (Duration::from_millis(100), Duration::from_secs(2));
        let mut backoff = Backoff::new(shortest, limit);
        let mut longest = shortest;
        for _ in 0..20 {
            let next = backoff.next_pause();
            assert!(longest / 2 <= next && next <= longest, "{next:?} of {longest:?}");
            longest = (longest * 2).min(limit);
        }
        assert_eq!(longest, limit);
        backoff.start_over();
        assert!(backoff.next_pause() <= shortest);
    }
}

//! What the lanes have taken from the queue and not acknowledged: not visible over AMQP.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What each lane has.
#[derive(Debug)]
pub(crate) struct InHand(Mutex<Vec<Hand>>);

#[derive(Debug, Clone, Copy, Default)]
struct Hand {
    messages: usize,
    /// Since when it has always had unfinished messages.
    since: Option<Instant>,
}

impl InHand {
    pub(crate) fn new(lanes: usize) -> InHand {
        InHand(Mutex::new(vec![Hand::default(); lanes]))
    }

    /// A lane has this number of messages now: a batch, and what stayed of those before.
    pub(crate) fn set(&self, lane: usize, messages: usize) {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hand) = lanes.get_mut(lane) {
            hand.messages = messages;
            hand.since = (messages > 0).then(|| hand.since.unwrap_or_else(Instant::now));
        }
    }

    /// How many messages all lanes have, and how long the slowest lane has had unfinished ones.
    pub(crate) fn all(&self) -> (usize, Duration) {
        let lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slowest = lanes.iter().filter_map(|hand| hand.since).min();
        (
            lanes.iter().map(|hand| hand.messages).sum(),
            slowest.map_or(Duration::ZERO, |it| it.elapsed()),
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::InHand;

    #[test]
    fn a_lane_is_busy_since_its_first_unfinished_message() {
        let hands = InHand::new(2);
        assert_eq!(hands.all(), (0, Duration::ZERO));
        hands.set(0, 3);
        hands.set(1, 2);
        let (messages, first) = hands.all();
        assert_eq!(messages, 5);
        // Other messages join, one stays: it is the same wait.
        hands.set(0, 1);
        let (messages, then) = hands.all();
        assert!(messages == 3 && then >= first, "{then:?}");
        hands.set(0, 0);
        hands.set(1, 0);
        assert_eq!(hands.all(), (0, Duration::ZERO));
        hands.set(9, 1);
        assert_eq!(hands.all(), (0, Duration::ZERO));
    }
}

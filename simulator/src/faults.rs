//! What goes wrong between Alipay and a merchant, repeatably.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::{SignError, SignedNotification};

/// Draws faults; the same seed draws the same ones.
#[derive(Debug)]
pub struct Faults {
    rng: StdRng,
}

impl Faults {
    /// Faults of a seed.
    pub fn seeded(seed: u64) -> Faults {
        Faults { rng: StdRng::seed_from_u64(seed) }
    }

    /// True in so many of a hundred cases.
    pub fn in_percent(&mut self, percent: u8) -> bool {
        self.rng.random_range(0..100) < percent
    }

    /// Repeats some items directly behind themselves, so many of a hundred.
    pub fn duplicate<T: Clone>(&mut self, items: Vec<T>, percent: u8) -> Vec<T> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            let again = self.in_percent(percent).then(|| item.clone());
            out.push(item);
            out.extend(again);
        }
        out
    }

    /// Shuffles items within windows of this many: nothing moves further than one window.
    pub fn reorder<T>(&mut self, items: &mut [T], window: usize) {
        for window in items.chunks_mut(window.max(1)) {
            window.shuffle(&mut self.rng);
        }
    }

    /// The same notification with a signature that is not its own, in repeats too.
    ///
    /// # Errors
    /// As [`crate::UnsignedNotification::sign`].
    pub fn corrupt(
        &mut self,
        notification: &SignedNotification,
    ) -> Result<SignedNotification, SignError> {
        notification.with_spoiled_signature(self.rng.random_range(0..10_000))
    }
}

#[cfg(test)]
mod tests {
    use super::Faults;

    #[test]
    fn a_seed_decides_everything() {
        let shuffled = |seed| {
            let mut items: Vec<u32> = (0..100).collect();
            Faults::seeded(seed).reorder(&mut items, 10);
            items
        };
        assert_eq!(shuffled(1), shuffled(1));
        assert_ne!(shuffled(1), shuffled(2));
    }

    #[test]
    fn nothing_leaves_its_window() {
        let mut items: Vec<usize> = (0..100).collect();
        Faults::seeded(7).reorder(&mut items, 10);
        assert!(items.iter().enumerate().all(|(place, item)| place / 10 == item / 10));
        assert_ne!(items, (0..100).collect::<Vec<_>>());
    }

    #[test]
    fn copies_follow_their_original() {
        let none = Faults::seeded(3).duplicate(vec![1, 2, 3], 0);
        assert_eq!(none, [1, 2, 3]);
        let all = Faults::seeded(3).duplicate(vec![1, 2, 3], 100);
        assert_eq!(all, [1, 1, 2, 2, 3, 3]);
        let some = Faults::seeded(3).duplicate((0..1000).collect(), 10).len();
        assert!((1050..1150).contains(&some), "{some}");
    }
}

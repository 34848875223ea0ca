//! Keeps the first of many items.

use std::cmp::Ordering;

/// Keeps the `limit` least of what it is given, and counts all.
pub(crate) struct Earliest<T> {
    limit: usize,
    order: fn(&T, &T) -> Ordering,
    kept: Vec<T>,
    given: usize,
}

impl<T> Earliest<T> {
    pub(crate) fn new(limit: usize, order: fn(&T, &T) -> Ordering) -> Earliest<T> {
        Earliest { limit, order, kept: Vec::new(), given: 0 }
    }

    pub(crate) fn add(&mut self, one: T) {
        self.given += 1;
        self.kept.push(one);
        // Twice the limit is sorted at a time, so that each is sorted in a few times only.
        if self.kept.len() >= self.limit.saturating_mul(2).max(1024) {
            self.cut();
        }
    }

    /// What was kept, in order, and how many there were in all.
    pub(crate) fn into_sorted(mut self) -> (Vec<T>, usize) {
        self.cut();
        (self.kept, self.given)
    }

    fn cut(&mut self) {
        self.kept.sort_by(self.order);
        self.kept.truncate(self.limit);
    }
}

#[cfg(test)]
mod tests {
    use super::Earliest;

    #[test]
    fn the_least_are_kept_in_order_and_all_are_counted() {
        for limit in [1, 3, 1000, 5000, usize::MAX] {
            let mut earliest = Earliest::new(limit, u64::cmp);
            for number in 0..4000 {
                earliest.add(number * 2_971 % 4000);
            }
            let (kept, given) = earliest.into_sorted();
            assert_eq!(given, 4000);
            assert!(kept.iter().copied().eq(0..4000.min(limit as u64)), "{limit}: {}", kept.len());
        }
        assert_eq!(Earliest::new(5, u8::cmp).into_sorted(), (vec![], 0));
    }
}

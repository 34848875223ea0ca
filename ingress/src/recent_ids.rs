//! Notifications that the gateway has confirmed, in memory, the oldest forgotten first.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// Longer ids are not remembered: Alipay's have 80 bytes at most.
const LONGEST_ID: usize = 256;

/// A merchant's name and an id.
type NotificationKey = (Box<str>, Box<[u8]>);

/// A bounded set.
pub(crate) struct RecentIds {
    most: usize,
    keys: HashSet<Arc<NotificationKey>>,
    /// The same keys in the order of their arrival.
    order: VecDeque<Arc<NotificationKey>>,
}

impl RecentIds {
    /// Holds so many at most.
    pub(crate) fn new(most: usize) -> RecentIds {
        RecentIds { most, keys: HashSet::new(), order: VecDeque::new() }
    }

    pub(crate) fn add(&mut self, merchant: &str, id: &[u8]) {
        let key = key(merchant, id);
        if id.len() > LONGEST_ID || !self.keys.insert(Arc::clone(&key)) {
            return;
        }
        self.order.push_back(key);
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
    }

    pub(crate) fn contains(&self, merchant: &str, id: &[u8]) -> bool {
        self.keys.contains(&key(merchant, id))
    }
}

fn key(merchant: &str, id: &[u8]) -> Arc<NotificationKey> {
    Arc::new((merchant.into(), id.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_is_forgotten_first() {
        let mut remembered = RecentIds::new(2);
        for id in ["a", "b", "a", "c"] {
            remembered.add("shop", id.as_bytes());
        }
        let known = |id: &str| remembered.contains("shop", id.as_bytes());
        assert_eq!(["a", "b", "c"].map(known), [false, true, true]);
        assert!(!remembered.contains("other", b"b"), "another merchant's");
        assert_eq!((remembered.keys.len(), remembered.order.len()), (2, 2));
    }

    #[test]
    fn what_is_no_id_of_alipay_takes_no_memory() {
        let mut remembered = RecentIds::new(2);
        let long = [b'x'; LONGEST_ID + 1];
        remembered.add("shop", &long);
        assert!(!remembered.contains("shop", &long) && remembered.order.is_empty());
    }
}

//! Which work queue a message goes to.

use std::ops::Range;

use config::{Config, MOST_SHARDS};
use sha2::{Digest, Sha256};

/// The largest number of shards.
const MOST: u32 = {
    assert!(MOST_SHARDS <= u32::MAX as u64);
    MOST_SHARDS as u32
};

/// How many shards, so work queues, the orders are spread over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardCount(u32);

impl ShardCount {
    /// One queue for all.
    pub const ONE: ShardCount = ShardCount(1);

    /// As many as there can be.
    pub const ANY: ShardCount = ShardCount(MOST);

    /// So many, at least one and at most as many as a configuration may have.
    pub fn new(shards: usize) -> ShardCount {
        ShardCount(u32::try_from(shards).unwrap_or(MOST).clamp(1, MOST))
    }

    /// The numbers of the shards.
    pub fn shards(self) -> Range<u32> {
        0..self.0
    }

    /// The numbers that a shard can have which is not one of these: of a time when there were more, or of a program that has
    /// more already.
    pub fn others(self) -> Range<u32> {
        self.0..MOST
    }

    /// The shard of an order: the first eight bytes of the SHA-256 of its number (UTF-8), read as a big-endian number,
    /// modulo the number of shards. What names no order is in shard 0.
    ///
    /// All programs and all releases must agree on this, or the messages of one order would be in several queues.
    pub fn shard_of(self, order: Option<&str>) -> u32 {
        let Some(order) = order.filter(|_| self != ShardCount::ONE) else { return 0 };
        let hash = Sha256::digest(order);
        let number = hash[..8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        let shard = number % u64::from(self.0);
        // Less than the number of shards.
        u32::try_from(shard).unwrap_or(0)
    }
}

/// What of the topology depends on the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// How many work queues there are.
    pub shards: ShardCount,
    /// Whether events are published: their exchange and queue are declared only then.
    pub events: bool,
}

impl Layout {
    /// That of the configuration.
    pub fn configured(config: &Config) -> Layout {
        Layout { shards: ShardCount::new(config.queue.shards), events: config.events.enabled }
    }

    /// That of one work queue.
    pub fn one_shard(events: bool) -> Layout {
        Layout { shards: ShardCount::ONE, events }
    }
}

#[cfg(test)]
mod tests {
    use super::ShardCount;

    /// Orders are in queues out there: these numbers can never change. Computed by
    /// `int(hashlib.sha256(order.encode()).hexdigest()[:16], 16) % shards` in Python.
    #[test]
    fn every_release_finds_the_same_shard() {
        for (order, of) in VECTORS {
            let found =
                [1, 2, 3, 4, 64].map(|shards| ShardCount::new(shards).shard_of(Some(order)));
            assert_eq!(found, of, "{order}");
        }
    }

    #[test]
    fn what_names_no_order_is_in_shard_0() {
        assert_eq!(ShardCount::new(64).shard_of(None), 0);
    }

    #[test]
    fn orders_in_a_row_are_spread_evenly() {
        let mut orders = [0_u32; 8];
        for number in 0..8000 {
            let shard = ShardCount::new(8).shard_of(Some(&format!("20261130{number:06}")));
            orders[shard as usize] += 1;
        }
        assert!(orders.iter().all(|orders| (900..1100).contains(orders)), "{orders:?}");
    }

    #[test]
    fn there_is_always_one_and_never_more_than_64() {
        assert_eq!(ShardCount::new(0), ShardCount::ONE);
        assert_eq!(ShardCount::new(65), ShardCount::new(64));
        assert_eq!(ShardCount::new(usize::MAX).shards(), 0..64);
        assert_eq!(ShardCount::new(3).others(), 3..64);
    }

    const VECTORS: [(&str, [u32; 5]); 5] = [
        ("A1", [0, 0, 1, 0, 20]),
        ("202611230001", [0, 0, 2, 2, 14]),
        ("20261130000000000001", [0, 1, 0, 3, 19]),
        ("订单-7", [0, 0, 2, 0, 56]),
        ("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", [0, 0, 1, 0, 0]),
    ];
}

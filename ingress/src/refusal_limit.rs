//! A limit for refused requests of one client: after too many its requests are refused unread.
//!
//! Only refused requests count, so a limit never affects Alipay: a client that has
//! sent a genuine notification has no limit, and only Alipay can sign one.

use config::Peer;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

const WINDOW: Duration = Duration::from_secs(60);
/// Alipay repeats for about a day; a client that has sent nothing genuine for longer is limited again.
const KNOWN_FOR: Duration = Duration::from_secs(26 * 60 * 60);
/// The most clients that are counted in one window, and the most known clients. Clients beyond that are not
/// limited: each has sent little.
const MAX_PEERS: usize = 20_000;

/// Counts what was refused of each client; shared by all requests.
#[derive(Debug)]
pub(crate) struct RefusalLimit {
    most: usize,
    state: Mutex<RefusalCounts>,
}

#[derive(Debug)]
struct RefusalCounts {
    began: Instant,
    /// By client and merchant, so that a key that is wrong at one merchant does not close the others.
    refused: HashMap<(Peer, String), usize>,
    genuine: HashMap<Peer, Instant>,
}

impl RefusalLimit {
    /// So many in a minute.
    pub(crate) fn new(most: usize) -> RefusalLimit {
        let (refused, genuine) = (HashMap::new(), HashMap::new());
        RefusalLimit {
            most,
            state: Mutex::new(RefusalCounts { began: Instant::now(), refused, genuine }),
        }
    }

    /// Whether further requests of the client to this merchant are refused.
    pub(crate) fn are_too_many(&self, peer: Peer, merchant: &str, now: Instant) -> bool {
        let state = self.of_this_minute(now);
        if state.refused.get(&(peer, merchant.to_owned())).is_none_or(|number| *number < self.most)
        {
            return false;
        }
        state.genuine.get(&peer).is_none_or(|last| is_over(*last, KNOWN_FOR, now))
    }

    /// A request was refused for what it says.
    pub(crate) fn refused(&self, peer: Peer, merchant: &str, now: Instant) {
        let mut state = self.of_this_minute(now);
        let key = (peer, merchant.to_owned());
        if state.refused.len() < MAX_PEERS || state.refused.contains_key(&key) {
            *state.refused.entry(key).or_insert(0) += 1;
        }
    }

    /// A notification was genuine.
    pub(crate) fn genuine(&self, peer: Peer, now: Instant) {
        let mut state = self.state();
        if state.genuine.len() >= MAX_PEERS && !state.genuine.contains_key(&peer) {
            state.genuine.retain(|_, last| !is_over(*last, KNOWN_FOR, now));
        }
        if state.genuine.len() < MAX_PEERS || state.genuine.contains_key(&peer) {
            state.genuine.insert(peer, now);
        }
    }

    fn of_this_minute(&self, now: Instant) -> MutexGuard<'_, RefusalCounts> {
        let mut state = self.state();
        if is_over(state.began, WINDOW, now) {
            state.began = now;
            state.refused.clear();
        }
        state
    }

    fn state(&self) -> MutexGuard<'_, RefusalCounts> {
        self.state.lock()
    }
}

fn is_over(began: Instant, time: Duration, now: Instant) -> bool {
    now.saturating_duration_since(began) >= time
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(text: &str) -> Peer {
        Peer::of(text.parse().unwrap())
    }

    #[test]
    fn refused_requests_of_one_client_are_limited_for_the_rest_of_the_minute() {
        let (limit, now) = (RefusalLimit::new(3), Instant::now());
        let (stranger, other) = (peer("203.0.113.7"), peer("203.0.113.8"));
        for _ in 0..3 {
            assert!(!limit.are_too_many(stranger, "shop", now));
            limit.refused(stranger, "shop", now);
        }
        assert!(limit.are_too_many(stranger, "shop", now));
        assert!(!limit.are_too_many(other, "shop", now));
        assert!(!limit.are_too_many(stranger, "another", now));
        assert!(!limit.are_too_many(stranger, "shop", now + WINDOW * 2));
    }

    #[test]
    fn who_sent_something_genuine_is_not_limited() {
        let (limit, now) = (RefusalLimit::new(1), Instant::now());
        let alipay = peer("203.0.113.7");
        limit.genuine(alipay, now);
        for _ in 0..10 {
            limit.refused(alipay, "shop", now);
        }
        assert!(!limit.are_too_many(alipay, "shop", now));
        let later = now + KNOWN_FOR + WINDOW * 2;
        limit.refused(alipay, "shop", later);
        assert!(limit.are_too_many(alipay, "shop", later));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (limit, now) = (RefusalLimit::new(1), Instant::now());
        for number in 0..u32::try_from(MAX_PEERS).unwrap() + 10 {
            let peer = Peer::of(std::net::Ipv4Addr::from_bits(number).into());
            limit.refused(peer, "shop", now);
            limit.genuine(peer, now);
        }
        let state = limit.state();
        assert_eq!((state.refused.len(), state.genuine.len()), (MAX_PEERS, MAX_PEERS));
    }
}

//! Slots for connections, and the memory of their bodies. Both are limited: a new connection or body takes the slot of
//! the one that was silent longest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use config::{Ingress, Network, Peer};
use metrics::{counter, gauge};
use parking_lot::{Mutex, MutexGuard};
use service::metric;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Refusal;
use crate::counted::Counted;

/// All slots; shared by all connections.
#[derive(Debug)]
pub(crate) struct ConnectionSlots {
    most: usize,
    most_of_a_peer: usize,
    most_bytes: usize,
    proxies: Vec<Network>,
    state: Mutex<SlotsState>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct SlotsState {
    next: u64,
    /// Counts events of all connections: a counter that serves as a clock.
    heard: u64,
    held: HashMap<u64, OpenConnection>,
    of_peers: HashMap<Peer, usize>,
    bytes: usize,
}

/// One connection that has a slot.
#[derive(Debug)]
struct OpenConnection {
    /// Whose limit it counts for; `None` for proxies.
    peer: Option<Peer>,
    /// When it was opened, sent something or was answered last: [`SlotsState::heard`] of then.
    heard: u64,
    /// A request of it was read to its end and is being answered: its slot cannot be taken away.
    answering: bool,
    /// Bytes of the body that it is sending.
    bytes: usize,
    close: CancellationToken,
}

/// The slot of one connection, which is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct ConnectionSlot {
    slots: Arc<ConnectionSlots>,
    id: u64,
    address: IpAddr,
    close: CancellationToken,
    _counted: Counted,
}

/// A request of a connection, from its head to its answer.
#[derive(Debug)]
pub(crate) struct ActiveRequest<'a>(&'a ConnectionSlot);

/// Why a connection was closed from this side, as the metric names it.
const PEER_LIMIT: &str = "peer_limit";
const FULL: &str = "full";
const BODY_MEMORY: &str = "body_memory";
/// It was silent from its beginning.
pub(crate) const NO_FIRST_BYTE: &str = "no_first_byte";

/// Counts a connection that was closed from this side.
pub(crate) fn count_closed(why: &'static str) {
    counter!(metric::INGRESS_CONNECTIONS_CLOSED, "why" => why).increment(1);
}

impl ConnectionSlots {
    /// As many as the configuration allows.
    pub(crate) fn new(limits: &Ingress) -> ConnectionSlots {
        ConnectionSlots {
            most: limits.max_connections,
            most_of_a_peer: limits.max_connections_per_peer,
            most_bytes: limits.max_body_memory,
            proxies: limits.trusted_proxies.clone(),
            state: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A slot for a connection from this address; `None` where its peer has as many as it may and
    /// all are being answered. Waits while all connections are being answered.
    pub(crate) async fn take(
        self: &Arc<ConnectionSlots>,
        address: IpAddr,
    ) -> Option<ConnectionSlot> {
        let peer = Peer::connected(address, &self.proxies);
        loop {
            let freed = self.freed.notified();
            match self.try_take(peer) {
                Taken::Slot(id, close) => {
                    let (slots, counted) =
                        (Arc::clone(self), Counted::new(metric::INGRESS_CONNECTIONS));
                    return Some(ConnectionSlot { slots, id, address, close, _counted: counted });
                }
                Taken::Refused => {
                    count_closed(PEER_LIMIT);
                    return None;
                }
                Taken::NotNow => freed.await,
            }
        }
    }

    fn try_take(&self, peer: Option<Peer>) -> Taken {
        let mut state = self.state();
        let of_peer = peer.and_then(|peer| state.of_peers.get(&peer)).copied().unwrap_or(0);
        if of_peer >= self.most_of_a_peer
            && !state.close_idle(PEER_LIMIT, |_, held| held.peer == peer)
        {
            return Taken::Refused;
        }
        if state.held.len() >= self.most && !state.close_idle(FULL, |_, _| true) {
            return Taken::NotNow;
        }
        let (id, close) = (state.next, CancellationToken::new());
        state.next += 1;
        if let Some(peer) = peer {
            *state.of_peers.entry(peer).or_insert(0) += 1;
        }
        let (heard, token) = (state.tick(), close.clone());
        state
            .held
            .insert(id, OpenConnection { peer, heard, answering: false, bytes: 0, close: token });
        Taken::Slot(id, close)
    }

    fn state(&self) -> MutexGuard<'_, SlotsState> {
        self.state.lock()
    }
}

enum Taken {
    Slot(u64, CancellationToken),
    /// The peer has too many.
    Refused,
    /// All connections are being answered.
    NotNow,
}

impl SlotsState {
    /// Closes the connection that has been idle longest, of those that are meant; a proxy's only where
    /// no other connection is idle. `false` when there is none.
    fn close_idle(
        &mut self,
        why: &'static str,
        meant: impl Fn(u64, &OpenConnection) -> bool,
    ) -> bool {
        let idle = self.held.iter().filter(|(id, held)| !held.answering && meant(**id, held));
        let longest = idle.min_by_key(|(_, held)| (held.peer.is_none(), held.heard));
        let Some(id) = longest.map(|(id, _)| *id) else { return false };
        if let Some(held) = self.remove(id) {
            held.close.cancel();
            count_closed(why);
        }
        true
    }

    fn report(&self) {
        gauge!(metric::INGRESS_BODY_BYTES).set(u32::try_from(self.bytes).unwrap_or(u32::MAX));
    }

    fn tick(&mut self) -> u64 {
        self.heard += 1;
        self.heard
    }

    fn remove(&mut self, id: u64) -> Option<OpenConnection> {
        let held = self.held.remove(&id)?;
        self.bytes -= held.bytes;
        self.report();
        if let Some(peer) = held.peer
            && let Some(number) = self.of_peers.get_mut(&peer)
        {
            *number -= 1;
            if *number == 0 {
                self.of_peers.remove(&peer);
            }
        }
        Some(held)
    }
}

impl ConnectionSlot {
    /// The other side of the connection.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// Waits until another connection gets the slot: then the connection ends at once.
    pub(crate) async fn taken_away(&self) {
        self.close.cancelled().await;
    }

    /// Runs something to its end; `None` when another connection gets the slot before.
    pub(crate) async fn unless_taken_away<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        self.close.run_until_cancelled(run).await
    }

    /// A request has begun on the connection.
    pub(crate) fn begin_request(&self) -> ActiveRequest<'_> {
        ActiveRequest::new(self)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.slots.state().remove(self.id);
        self.slots.freed.notify_one();
    }
}

impl<'a> ActiveRequest<'a> {
    fn new(slot: &'a ConnectionSlot) -> ActiveRequest<'a> {
        let mut state = slot.slots.state();
        let now = state.tick();
        if let Some(held) = state.held.get_mut(&slot.id) {
            held.heard = now;
        }
        drop(state);
        ActiveRequest(slot)
    }

    /// Bytes of the body have arrived and are kept until the request is answered.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] where there is no memory for them.
    pub(crate) fn keep(&self, bytes: usize) -> Result<(), Refusal> {
        let ConnectionSlot { slots, id, .. } = self.0;
        let mut state = slots.state();
        while bytes > slots.most_bytes.saturating_sub(state.bytes) {
            if !state.close_idle(BODY_MEMORY, |other, held| other != *id && held.bytes > 0) {
                return Err(Refusal::Overloaded);
            }
        }
        let now = state.tick();
        if let Some(held) = state.held.get_mut(id) {
            held.heard = now;
            held.bytes += bytes;
            state.bytes += bytes;
            state.report();
        }
        Ok(())
    }

    /// The request was read to its end: the slot cannot be taken away until it is answered.
    pub(crate) fn body_complete(&self) {
        if let Some(held) = self.0.slots.state().held.get_mut(&self.0.id) {
            held.answering = true;
        }
    }
}

impl Drop for ActiveRequest<'_> {
    fn drop(&mut self) {
        let ConnectionSlot { slots, id, .. } = self.0;
        let mut state = slots.state();
        let now = state.tick();
        if let Some(held) = state.held.get_mut(id) {
            held.answering = false;
            held.heard = now;
            let bytes = std::mem::take(&mut held.bytes);
            state.bytes -= bytes;
            state.report();
        }
        drop(state);
        slots.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: &str = "203.0.113.7";
    const OTHER: &str = "203.0.113.8";
    const LOCAL: &str = "127.0.0.1";

    fn slots(most: usize, most_of_a_peer: usize, most_bytes: usize) -> Arc<ConnectionSlots> {
        Arc::new(ConnectionSlots {
            most,
            most_of_a_peer,
            most_bytes,
            proxies: Vec::new(),
            state: Mutex::default(),
            freed: Notify::new(),
        })
    }

    async fn take(slots: &Arc<ConnectionSlots>, address: &str) -> ConnectionSlot {
        slots.take(address.parse().unwrap()).await.expect("a slot")
    }

    fn is_closed(slot: &ConnectionSlot) -> bool {
        slot.close.is_cancelled()
    }

    #[tokio::test]
    async fn the_longest_idle_one_gives_way() {
        let slots = slots(3, 3, 100);
        let first = take(&slots, OTHER).await;
        let second = take(&slots, STRANGER).await;
        let third = take(&slots, STRANGER).await;
        drop(first.begin_request());
        let fourth = take(&slots, STRANGER).await;
        assert!(is_closed(&second) && !is_closed(&first) && !is_closed(&third));
        let _busy = [&first, &third, &fourth].map(|slot| {
            let request = slot.begin_request();
            request.body_complete();
            request
        });
        let mut waits = std::pin::pin!(slots.take(LOCAL.parse().unwrap()));
        let waited = futures_util::poll!(waits.as_mut());
        assert!(waited.is_pending(), "a request that is being answered was closed");
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_is_given_to_who_waits() {
        let slots = slots(1, 1, 100);
        let first = take(&slots, LOCAL).await;
        let request = first.begin_request();
        request.body_complete();
        let waiting = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.take(LOCAL.parse().unwrap()).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(request);
        assert!(waiting.await.unwrap());
        assert!(is_closed(&first));
    }

    #[tokio::test]
    async fn a_peer_has_a_limit_and_a_proxy_has_none() {
        let slots = slots(100, 2, 100);
        let first = take(&slots, STRANGER).await;
        let second = take(&slots, STRANGER).await;
        let third = take(&slots, STRANGER).await;
        assert!(is_closed(&first) && !is_closed(&second));
        let other = take(&slots, OTHER).await;
        let _busy = [&second, &third].map(|slot| {
            let request = slot.begin_request();
            request.body_complete();
            request
        });
        assert!(slots.take(STRANGER.parse().unwrap()).await.is_none());
        assert!(!is_closed(&other));
        for _ in 0..50 {
            let local = take(&slots, LOCAL).await;
            assert!(!is_closed(&local));
            std::mem::forget(local);
        }
    }

    #[tokio::test]
    async fn strangers_give_way_before_proxies() {
        let slots = slots(2, 2, 100);
        let local = take(&slots, LOCAL).await;
        let stranger = take(&slots, STRANGER).await;
        let _other = take(&slots, OTHER).await;
        assert!(is_closed(&stranger) && !is_closed(&local));
    }

    #[tokio::test]
    async fn the_body_that_is_silent_longest_gives_its_memory() {
        let slots = slots(9, 9, 100);
        let (first, second, third) = (
            take(&slots, STRANGER).await,
            take(&slots, STRANGER).await,
            take(&slots, STRANGER).await,
        );
        let (one, two, three) =
            (first.begin_request(), second.begin_request(), third.begin_request());
        one.keep(40).unwrap();
        two.keep(40).unwrap();
        three.keep(40).unwrap();
        assert!(is_closed(&first) && !is_closed(&second));
        two.body_complete();
        assert!(matches!(three.keep(40), Err(Refusal::Overloaded)));
        drop(two);
        three.keep(40).unwrap();
        drop((one, three));
        assert_eq!(slots.state().bytes, 0);
    }
}

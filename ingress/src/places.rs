//! Places for connections, and the memory of their bodies. Both are limited: a new connection or body takes the place of
//! the one that was silent longest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use config::{Ingress, Network};
use metrics::{counter, gauge};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::Refusal;
use crate::counted::Counted;
use crate::peer::Peer;

/// All places; shared by all connections.
#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    most_of_a_peer: usize,
    most_bytes: usize,
    proxies: Vec<Network>,
    state: Mutex<PlacesState>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct PlacesState {
    next: u64,
    /// Counts what was heard, of any connection: a clock that never stands still.
    heard: u64,
    held: HashMap<u64, OpenConnection>,
    of_peers: HashMap<Peer, usize>,
    bytes: usize,
}

/// One connection that has a place.
#[derive(Debug)]
struct OpenConnection {
    /// Whose limit it counts for; `None` for proxies.
    peer: Option<Peer>,
    /// When it was opened, sent something or was answered last: [`PlacesState::heard`] of then.
    heard: u64,
    /// A request of it was read to its end and is being answered: nobody takes its place.
    answering: bool,
    /// Bytes of the body that it is sending.
    bytes: usize,
    close: CancellationToken,
}

/// The place of one connection, which is given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    id: u64,
    address: IpAddr,
    close: CancellationToken,
    _counted: Counted,
}

/// A request of a connection, from its head to its answer.
#[derive(Debug)]
pub(crate) struct ActiveRequest<'a>(&'a Place);

/// Why a connection was closed from this side, as the metric names it.
const PEER_LIMIT: &str = "peer_limit";
const FULL: &str = "full";
const BODY_MEMORY: &str = "body_memory";
/// It was silent from its beginning.
pub(crate) const NO_FIRST_BYTE: &str = "no_first_byte";

/// Counts a connection that was closed from this side.
pub(crate) fn count_closed(why: &'static str) {
    counter!("ingress_connections_closed_total", "why" => why).increment(1);
}

impl Places {
    /// As many as the configuration allows.
    pub(crate) fn new(limits: &Ingress) -> Places {
        Places {
            most: limits.max_connections,
            most_of_a_peer: limits.max_connections_per_peer,
            most_bytes: limits.max_body_memory,
            proxies: limits.trusted_proxies.clone(),
            state: Mutex::default(),
            freed: Notify::new(),
        }
    }

    /// A place for a connection from this address; `None` where its peer has as many as it may and
    /// all are being answered. Waits while everybody's are.
    pub(crate) async fn take(self: &Arc<Places>, address: IpAddr) -> Option<Place> {
        let peer = Peer::connected(address, &self.proxies);
        loop {
            let freed = self.freed.notified();
            match self.try_take(peer) {
                Taken::Place(id, close) => {
                    let (places, counted) = (Arc::clone(self), Counted::new("ingress_connections"));
                    return Some(Place { places, id, address, close, _counted: counted });
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
        Taken::Place(id, close)
    }

    fn state(&self) -> MutexGuard<'_, PlacesState> {
        self.state.lock()
    }
}

enum Taken {
    Place(u64, CancellationToken),
    /// The peer has too many.
    Refused,
    /// Everybody is being answered.
    NotNow,
}

impl PlacesState {
    /// Closes the connection that has been idle longest, of those that are meant; a proxy's only where
    /// nobody else's is idle. `false` when there is none.
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
        gauge!("ingress_body_bytes").set(u32::try_from(self.bytes).unwrap_or(u32::MAX));
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

impl Place {
    /// The other side of the connection.
    pub(crate) fn address(&self) -> IpAddr {
        self.address
    }

    /// Waits until somebody else gets the place: then the connection ends at once.
    pub(crate) async fn taken_away(&self) {
        self.close.cancelled().await;
    }

    /// Runs something to its end; `None` when somebody else gets the place before.
    pub(crate) async fn unless_taken_away<T>(&self, run: impl Future<Output = T>) -> Option<T> {
        self.close.run_until_cancelled(run).await
    }

    /// A request has begun on the connection.
    pub(crate) fn begin_request(&self) -> ActiveRequest<'_> {
        ActiveRequest::new(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.state().remove(self.id);
        self.places.freed.notify_one();
    }
}

impl<'a> ActiveRequest<'a> {
    fn new(place: &'a Place) -> ActiveRequest<'a> {
        let mut state = place.places.state();
        let now = state.tick();
        if let Some(held) = state.held.get_mut(&place.id) {
            held.heard = now;
        }
        drop(state);
        ActiveRequest(place)
    }

    /// Bytes of the body have arrived and are kept until the request is answered.
    ///
    /// # Errors
    /// [`Refusal::Overloaded`] where there is no memory for them.
    pub(crate) fn keep(&self, bytes: usize) -> Result<(), Refusal> {
        let Place { places, id, .. } = self.0;
        let mut state = places.state();
        while bytes > places.most_bytes.saturating_sub(state.bytes) {
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

    /// The request was read to its end: the place cannot be taken away until it is answered.
    pub(crate) fn body_complete(&self) {
        if let Some(held) = self.0.places.state().held.get_mut(&self.0.id) {
            held.answering = true;
        }
    }
}

impl Drop for ActiveRequest<'_> {
    fn drop(&mut self) {
        let Place { places, id, .. } = self.0;
        let mut state = places.state();
        let now = state.tick();
        if let Some(held) = state.held.get_mut(id) {
            held.answering = false;
            held.heard = now;
            let bytes = std::mem::take(&mut held.bytes);
            state.bytes -= bytes;
            state.report();
        }
        drop(state);
        places.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: &str = "203.0.113.7";
    const OTHER: &str = "203.0.113.8";
    const LOCAL: &str = "127.0.0.1";

    fn places(most: usize, most_of_a_peer: usize, most_bytes: usize) -> Arc<Places> {
        Arc::new(Places {
            most,
            most_of_a_peer,
            most_bytes,
            proxies: Vec::new(),
            state: Mutex::default(),
            freed: Notify::new(),
        })
    }

    async fn take(places: &Arc<Places>, address: &str) -> Place {
        places.take(address.parse().unwrap()).await.expect("a place")
    }

    fn is_closed(place: &Place) -> bool {
        place.close.is_cancelled()
    }

    #[tokio::test]
    async fn the_longest_idle_one_gives_way() {
        let places = places(3, 3, 100);
        let first = take(&places, OTHER).await;
        let second = take(&places, STRANGER).await;
        let third = take(&places, STRANGER).await;
        drop(first.begin_request());
        let fourth = take(&places, STRANGER).await;
        assert!(is_closed(&second) && !is_closed(&first) && !is_closed(&third));
        let _busy = [&first, &third, &fourth].map(|place| {
            let request = place.begin_request();
            request.body_complete();
            request
        });
        let mut waits = std::pin::pin!(places.take(LOCAL.parse().unwrap()));
        let waited = futures_util::poll!(waits.as_mut());
        assert!(waited.is_pending(), "a request that is being answered was closed");
    }

    #[tokio::test]
    async fn a_place_that_is_given_back_is_given_to_who_waits() {
        let places = places(1, 1, 100);
        let first = take(&places, LOCAL).await;
        let request = first.begin_request();
        request.body_complete();
        let waiting = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take(LOCAL.parse().unwrap()).await.is_some() }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(request);
        assert!(waiting.await.unwrap());
        assert!(is_closed(&first));
    }

    #[tokio::test]
    async fn a_peer_has_a_limit_and_a_proxy_has_none() {
        let places = places(100, 2, 100);
        let first = take(&places, STRANGER).await;
        let second = take(&places, STRANGER).await;
        let third = take(&places, STRANGER).await;
        assert!(is_closed(&first) && !is_closed(&second));
        let other = take(&places, OTHER).await;
        let _busy = [&second, &third].map(|place| {
            let request = place.begin_request();
            request.body_complete();
            request
        });
        assert!(places.take(STRANGER.parse().unwrap()).await.is_none());
        assert!(!is_closed(&other));
        for _ in 0..50 {
            let local = take(&places, LOCAL).await;
            assert!(!is_closed(&local));
            std::mem::forget(local);
        }
    }

    #[tokio::test]
    async fn strangers_give_way_before_proxies() {
        let places = places(2, 2, 100);
        let local = take(&places, LOCAL).await;
        let stranger = take(&places, STRANGER).await;
        let _other = take(&places, OTHER).await;
        assert!(is_closed(&stranger) && !is_closed(&local));
    }

    #[tokio::test]
    async fn the_body_that_is_silent_longest_gives_its_memory() {
        let places = places(9, 9, 100);
        let (first, second, third) = (
            take(&places, STRANGER).await,
            take(&places, STRANGER).await,
            take(&places, STRANGER).await,
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
        assert_eq!(places.state().bytes, 0);
    }
}

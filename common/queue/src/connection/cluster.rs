//! The hosts of the broker.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use config::Amqp;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use lapin::types::LongString;
use lapin::{AsyncTcpStream, ConnectionProperties, ErrorKind};
use parking_lot::Mutex;
use rand::seq::SliceRandom;
use service::connect_failure;
use service::outage::Outage;
use tokio::time::{Instant, sleep, timeout_at};
use tokio_rustls::rustls::ClientConfig;

use super::address::{self, BrokerAddress};
use super::error::{ConnectionError, HostError, HostProblem};
use super::wire::{self, Wire, WireProblem};
use super::{BROKER_TIMEOUT, access_refused, tls};

/// How long only one host is tried, before the next one is tried as well. A host that is down refuses at
/// once; this is for a host that does not answer.
const HEAD_START: Duration = Duration::from_secs(1);

/// The broker: one host, or the hosts of one cluster. Clones share which host is used first.
///
/// The hosts are in random order, another one in each program, so that programs spread over the
/// nodes. A connection is tried at the host that served last, and then at each of the others: at
/// once after one that refuses, after a second beside one that is silent. Of a name with several
/// addresses each is tried.
#[derive(Clone)]
pub struct Cluster(Arc<Hosts>);

struct Hosts {
    hosts: Vec<BrokerAddress>,
    tls: Option<Arc<ClientConfig>>,
    /// Whether messages carry the URL's user.
    user_id: bool,
    /// Who set the URLs, for errors.
    source: String,
    /// The broker's outages, shared by all connections of this program.
    outage: Outage,
    /// The host to begin with.
    first: AtomicUsize,
}

impl Cluster {
    /// The broker of the section `[amqp]`.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Settings`]: a URL or a certificate cannot be used, or the URLs contradict
    /// each other.
    pub fn configured(amqp: &Amqp) -> Result<Cluster, ConnectionError> {
        let unusable = |reason: &str| settings(&amqp.key, reason);
        let mut hosts = Vec::new();
        for list in &amqp.urls {
            for url in address::split(list.expose_secret()) {
                hosts.push(BrokerAddress::read(url).map_err(unusable)?);
            }
        }
        let first = hosts.first().ok_or_else(|| unusable("it names no host"))?;
        let encrypted = first.is_tls();
        if hosts.iter().any(|host| host.is_tls() != encrypted) {
            return Err(unusable(
                "amqp:// and amqps:// are mixed: whether a connection is encrypted must not depend on \
                 the host that is up",
            ));
        }
        if hosts.iter().any(|host| host.vhost() != first.vhost()) {
            return Err(unusable("the virtual hosts differ: each has queues of its own"));
        }
        let tls = if encrypted {
            let config = tls::config(amqp.ca.as_deref(), amqp.client.as_ref());
            Some(config.map_err(|(key, reason)| settings(key, &reason))?)
        } else {
            let files = [
                ("amqp.ca_file", amqp.ca.is_some()),
                ("amqp.client_cert_file", amqp.client.is_some()),
            ];
            if let Some((key, _)) = files.into_iter().find(|(_, set)| *set) {
                let reason =
                    format!("is for amqps://, and {} begins with amqp://, plain text", amqp.key);
                return Err(settings(key, &reason));
            }
            None
        };
        hosts.shuffle(&mut rand::rng());
        let (user_id, source) = (amqp.user_id, amqp.source.clone());
        let (first, outage) = (AtomicUsize::new(0), Outage::new("the broker"));
        Ok(Cluster(Arc::new(Hosts { hosts, tls, user_id, source, outage, first })))
    }

    /// The broker at a URL, or at several, separated by commas. `amqps://` trusts the authorities
    /// that the operating system trusts.
    ///
    /// # Errors
    ///
    /// As [`configured`](Cluster::configured).
    pub fn at(urls: &str) -> Result<Cluster, ConnectionError> {
        Cluster::configured(&Amqp::at(urls))
    }

    /// The virtual host, which all hosts have in common.
    pub fn vhost(&self) -> &str {
        self.0.hosts.first().map_or("/", BrokerAddress::vhost)
    }

    /// The user that messages are published as at this host, where they are to say so.
    pub(super) fn user_id(&self, host: usize) -> Option<&str> {
        let address = self.0.hosts.get(host).filter(|_| self.0.user_id)?;
        Some(address.user())
    }

    /// Checks that workers accept what this program publishes: `users` are the accounts of the key
    /// `key`.
    ///
    /// # Errors
    ///
    /// [`ConnectionError::Settings`]: a URL's user is not among them.
    pub fn publishes_as(&self, key: &str, users: &[String]) -> Result<(), ConnectionError> {
        let others = |host: &&BrokerAddress| !users.iter().any(|user| user == host.user());
        match self.0.hosts.iter().find(others) {
            None => Ok(()),
            Some(host) => {
                let user = host.user();
                let reason = format!(
                    "does not name {user}, as whom this program connects: workers would refuse what it publishes"
                );
                Err(settings(key, &reason))
            }
        }
    }

    /// The broker's outages, shared by all connections of this program.
    pub(super) fn outage(&self) -> &Outage {
        &self.0.outage
    }

    /// `host:port/vhost` of this host.
    pub(super) fn label(&self, host: usize) -> String {
        self.0.hosts.get(host).map(BrokerAddress::label).unwrap_or_default()
    }

    /// Connects to the first host that answers, within [`BROKER_TIMEOUT`], and says which.
    pub(super) async fn connect(
        &self,
        name: &str,
    ) -> Result<(usize, lapin::Connection), ConnectionError> {
        let count = self.0.hosts.len();
        let began_with = self.0.first.load(Ordering::Relaxed);
        let deadline = Instant::now() + BROKER_TIMEOUT;
        let attempts =
            (0..count).map(|nth| self.attempt((began_with + nth) % count, name, deadline));
        let (host, lapin) =
            first_to_succeed(attempts, head_start(count)).await.map_err(ConnectionError::NoHost)?;
        self.0.first.store(host, Ordering::Relaxed);
        Ok((host, lapin))
    }

    /// The next connection begins with another host, since this one failed.
    pub(super) fn leave(&self, host: usize) {
        let next = (host + 1) % self.0.hosts.len().max(1);
        // Another connection may have changed it already.
        let _ = self.0.first.compare_exchange(host, next, Ordering::Relaxed, Ordering::Relaxed);
    }

    async fn attempt(
        &self,
        host: usize,
        name: &str,
        deadline: Instant,
    ) -> Result<(usize, lapin::Connection), HostError> {
        let address = &self.0.hosts[host];
        let failed = |problem| HostError {
            place: address.place_and_user(),
            source: self.0.source.clone(),
            problem,
        };
        let resolve = tokio::net::lookup_host((address.host(), address.port()));
        let addresses: Vec<SocketAddr> = match timeout_at(deadline, resolve).await {
            Ok(Ok(addresses)) => addresses.collect(),
            Ok(Err(error)) => {
                return Err(failed(HostProblem::Name(connect_failure::explain(&error))));
            }
            Err(_) => return Err(failed(HostProblem::Timeout { action: "looking the name up" })),
        };
        let count = addresses.len();
        let attempts = addresses.into_iter().map(|to| {
            // Boxed: the type of lapin's future is too large for the compiler to look through.
            let handshake: BoxFuture<'_, _> = Box::pin(self.handshake(address, to, name, deadline));
            handshake
        });
        match first_to_succeed(attempts, head_start(count)).await {
            Ok(lapin) => Ok((host, lapin)),
            Err(problems) => {
                let furthest = problems.into_iter().max_by_key(HostProblem::progress);
                let none = || HostProblem::Name("the name has no address".to_owned());
                Err(failed(furthest.unwrap_or_else(none)))
            }
        }
    }

    async fn handshake(
        &self,
        address: &BrokerAddress,
        to: SocketAddr,
        name: &str,
        deadline: Instant,
    ) -> Result<lapin::Connection, HostProblem> {
        let tls = self.0.tls.as_ref().map(|config| (config, address.host()));
        let action = if tls.is_some() { "connecting by TLS" } else { "connecting" };
        let wire = timeout_at(deadline, Wire::open(to, tls))
            .await
            .map_err(|_| HostProblem::Timeout { action })??;
        let remarks = wire.remarks();
        let properties =
            ConnectionProperties::default().with_connection_name(LongString::from(name));
        let wire = Mutex::new(Some(wire.compat()));
        let hand_over = async move |_, _| {
            let wire = wire.lock().take();
            let again = || std::io::Error::other("a line is handed over once");
            wire.map(AsyncTcpStream::Plain).ok_or_else(|| lapin::Error::from(again()))
        };
        let connect = lapin::Connection::connector(
            address.uri.clone(),
            wire::runtime(),
            hand_over,
            properties,
        );
        match timeout_at(deadline, connect).await {
            Ok(Ok(lapin)) => Ok(lapin),
            Ok(Err(error)) => Err(match remarks.taken() {
                Some(WireProblem::Tls(remark)) => HostProblem::Tls(remark),
                Some(WireProblem::NotABroker(remark)) => HostProblem::NotABroker(remark),
                // The alert that says why may be lost with the connection.
                None if self.0.tls.is_some() && matches!(error.kind(), ErrorKind::IOError(_)) => {
                    HostProblem::Tls(tls::ended(&error))
                }
                None => match access_refused::explain(&error, address) {
                    Some(refusal) => HostProblem::Refused(refusal),
                    None => HostProblem::Amqp(error),
                },
            }),
            Err(_) => Err(HostProblem::Timeout { action: "the AMQP handshake" }),
        }
    }
}

/// Hosts, without passwords.
impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.hosts.iter().map(BrokerAddress::label)).finish()
    }
}

fn settings(key: &str, reason: &str) -> ConnectionError {
    ConnectionError::Settings { key: key.to_owned(), reason: reason.to_owned() }
}

/// So long that all `count` attempts begin within [`BROKER_TIMEOUT`].
fn head_start(count: usize) -> Duration {
    let share = u32::try_from(count + 1).map_or(Duration::ZERO, |shares| BROKER_TIMEOUT / shares);
    HEAD_START.min(share)
}

/// Runs the attempts, each when the one before failed or has had this time, and returns the
/// first success; else all errors, in the order in which they came.
async fn first_to_succeed<T, E>(
    attempts: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
    head_start: Duration,
) -> Result<T, Vec<E>> {
    let mut waiting = attempts.into_iter();
    let mut running = FuturesUnordered::new();
    let mut errors = Vec::new();
    loop {
        let more = match waiting.next() {
            Some(attempt) => {
                running.push(attempt);
                true
            }
            None => false,
        };
        tokio::select! {
            biased;
            ended = running.next() => match ended {
                Some(Ok(success)) => return Ok(success),
                Some(Err(error)) => errors.push(error),
                None => return Err(errors),
            },
            () = sleep(head_start), if more => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cluster, first_to_succeed};
    use std::future::{pending, ready};
    use std::pin::Pin;
    use std::time::Duration;

    type Attempt = Pin<Box<dyn Future<Output = Result<u32, u32>>>>;

    async fn race(attempts: Vec<Attempt>) -> Result<u32, Vec<u32>> {
        first_to_succeed(attempts, Duration::from_millis(1)).await
    }

    #[tokio::test]
    async fn the_next_host_is_tried_after_one_that_refuses_and_beside_one_that_is_silent() {
        assert_eq!(race(vec![Box::pin(ready(Ok(1))), Box::pin(pending())]).await, Ok(1));
        assert_eq!(race(vec![Box::pin(ready(Err(1))), Box::pin(ready(Ok(2)))]).await, Ok(2));
        assert_eq!(race(vec![Box::pin(pending()), Box::pin(ready(Ok(2)))]).await, Ok(2));
        let refused: Vec<Attempt> = vec![Box::pin(ready(Err(1))), Box::pin(ready(Err(2)))];
        assert_eq!(race(refused).await, Err(vec![1, 2]));
        assert_eq!(race(Vec::new()).await, Err(Vec::new()));
    }

    #[test]
    fn contradictions_are_explained() {
        for (urls, word) in [
            ("amqp://u:secret@a/x,amqps://u:secret@b/x", "mixed"),
            ("amqp://u:secret@a/x,amqp://u:secret@b/y", "virtual hosts differ"),
            ("amqp://u:secret@a/x,amqp://u:secret@b,c/x", "comma"),
        ] {
            let error = Cluster::at(urls).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(word) && !text.contains("secret"), "{urls}: {text}");
        }
    }

    #[test]
    fn what_failed_is_left_once() {
        let cluster = Cluster::at("amqp://a/x,amqp://b/x,amqp://c/x").unwrap();
        let first = || cluster.0.first.load(std::sync::atomic::Ordering::Relaxed);
        cluster.leave(0);
        cluster.leave(0);
        assert_eq!(first(), 1);
        cluster.leave(1);
        cluster.leave(2);
        assert_eq!(first(), 0);
    }
}

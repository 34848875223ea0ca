//! The program around the endpoint: listeners, publisher, and the order of a graceful stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use config::Config;
use config::summary::ConfigSummary;
use queue::topology::Layout;
use queue::{Cluster, ConnectionError, Publisher, PublisherSettings};
use service::admin::{self, CannotListen, Readiness};
use service::metric;
use service::telemetry::Metrics;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::broker::Broker;
use crate::connection;
use crate::endpoint::Endpoint;
use crate::explainer::Explainer;
use crate::notify_verify::NotifyVerifier;
use crate::privileges;
use crate::refusal_limit::RefusalLimit;
use crate::refusal_log::RefusalLog;
use crate::topology::TopologyKeeper;

/// How long the start waits for a broker that does not answer before it says that it listens.
const FIRST_CONTACT: Duration = Duration::from_secs(5);
/// Time for the publisher's lanes that a drain leaves even when the connections have used up theirs.
const LEAST_DRAIN: Duration = Duration::from_secs(1);

/// Connections that wait to be accepted; Linux allows 4,096 (net.core.somaxconn).
const BACKLOG: u32 = 4096;

/// The ingress with its listeners bound, ready to run.
pub struct IngressServer {
    current: watch::Receiver<Arc<Config>>,
    cluster: Cluster,
    listener: TcpListener,
    admin: Option<TcpListener>,
    addresses: Addresses,
}

/// Where an [`IngressServer`] listens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addresses {
    listen: SocketAddr,
    admin: Option<SocketAddr>,
}

/// Why the ingress cannot run.
#[derive(Debug, thiserror::Error)]
pub enum IngressError {
    /// A listener cannot be bound.
    #[error(transparent)]
    Listen(#[from] CannotListen),
    /// No merchant is configured.
    #[error(transparent)]
    Config(#[from] config::ConfigError),
    /// The section `[amqp]` cannot be used.
    #[error(transparent)]
    Broker(#[from] ConnectionError),
    /// `ingress.least_privilege`, and the account at the broker may do more.
    #[error(
        "ingress.least_privilege: the account at the broker may also {beyond}; \
         give it no more than write to alipay.notify"
    )]
    Privileges {
        /// What else it may do.
        beyond: String,
    },
    /// The publisher has ended by itself, which is a bug; another process may do better.
    #[error("the publisher has ended")]
    PublisherEnded,
}

impl IngressServer {
    /// Binds the listeners. Does not need the broker. Later changes of the configuration are followed
    /// as far as merchants go.
    ///
    /// # Errors
    /// An address is in use or not ours; no merchant is configured; the section `[amqp]` contradicts
    /// itself.
    pub async fn bind(
        current: watch::Receiver<Arc<Config>>,
    ) -> Result<IngressServer, IngressError> {
        let config = Arc::clone(&current.borrow());
        config.require_merchants()?;
        let cluster = Cluster::configured(&config.amqp)?;
        if let Some(publishers) = &config.amqp.publishers {
            cluster.publishes_as("amqp.ingress_users", &publishers.ingress)?;
        }
        let address = config.ingress.listen;
        let cannot_listen = |error| CannotListen { key: "ingress.listen", address, error };
        let listener = listen(address).map_err(cannot_listen)?;
        let bound_admin = match config.ingress.admin_listen {
            Some(address) => Some(admin::bind("ingress.admin_listen", address).await?),
            None => None,
        };
        let (admin, admin_address) = bound_admin.unzip();
        let listen = listener.local_addr().map_err(cannot_listen)?;
        let addresses = Addresses { listen, admin: admin_address };
        Ok(IngressServer { current, cluster, listener, admin, addresses })
    }

    /// Runs until `shutdown` is cancelled, then stops gracefully: not ready, no new connections, requests
    /// finished, lanes drained, connection to the broker closed; within `ingress.shutdown_timeout`.
    ///
    /// `ready` is called once with the line that says where it listens: when a notification can be taken,
    /// or when it turned out that the broker cannot be reached yet.
    ///
    /// # Errors
    /// [`IngressError::PublisherEnded`], [`IngressError::Privileges`].
    pub async fn run(
        self,
        metrics: Metrics,
        shutdown: CancellationToken,
        ready: impl FnOnce(String),
    ) -> Result<(), IngressError> {
        let IngressServer { current, cluster, listener, admin, addresses } = self;
        let config = Arc::clone(&current.borrow());
        let limits = config.ingress.clone();
        let end = CancellationToken::new();
        let _end = end.clone().drop_guard();

        let (publisher, mut lanes) =
            Publisher::start(publisher_settings(&config, cluster.clone()), end.child_token());
        let topology = TopologyKeeper::new();
        let layout = Layout::configured(&config);
        let privileges = privileges::check(cluster.clone(), limits.least_privilege);
        let declares = !limits.least_privilege;
        tokio::spawn(topology.clone().keep(cluster, declares, layout, end.clone()));
        if let Some(admin) = admin {
            let readiness = readiness(publisher.clone(), topology.clone(), shutdown.clone());
            let runs = current.clone();
            let summary = move || ConfigSummary::of("ingress", &runs.borrow());
            tokio::spawn(admin::serve(admin, readiness, summary, metrics, end.clone()));
        }
        let broker =
            Broker::new(publisher.clone(), topology.clone(), layout.shards, limits.max_in_flight);
        let notify_verifier =
            NotifyVerifier::new(limits.notify_verify_timeout, (limits.max_in_flight / 4).max(1));
        let notify_verifier = Arc::new(notify_verifier);
        // An alarm on its increase needs a value before the first one.
        metrics::counter!(metric::INGRESS_UNKNOWN_PATHS).increment(0);
        let refusal_log = Arc::new(RefusalLog::default());
        tokio::spawn({
            let (refusal_log, end) = (Arc::clone(&refusal_log), end.clone());
            async move { refusal_log.run(end).await }
        });
        let refusal_limit = RefusalLimit::new(limits.max_refused_per_minute);
        let endpoint = Arc::new(Endpoint {
            config: current,
            broker,
            notify_verifier,
            refusal_limit,
            refusal_log,
            explainer: Explainer::default(),
        });
        let connections = TaskTracker::new();
        // Stops the accept loop and its connections when the publisher ends, too.
        let stopping = shutdown.child_token();
        let accepting = tokio::spawn(connection::accept(
            listener,
            endpoint,
            connections.clone(),
            stopping.clone(),
        ));

        let serving = async {
            if !first_contact(&publisher, &topology).await {
                tracing::warn!(
                    "listening, but the broker or its queues are not ready: answering 503"
                );
            }
            ready(addresses.line());
            shutdown.cancelled().await;
        };
        let mut result = tokio::select! {
            () = serving => Ok(()),
            () = shutdown.cancelled() => Ok(()),
            _ = &mut lanes => Err(IngressError::PublisherEnded),
            error = privileges => Err(error),
        };

        let deadline = Instant::now() + limits.shutdown_timeout;
        stopping.cancel();
        // The listener is closed when its task has ended.
        let _ = accepting.await;
        connections.close();
        if timeout_at(deadline, connections.wait()).await.is_err() {
            tracing::warn!(
                open = connections.len(),
                "requests did not end in time and are dropped"
            );
        }
        end.cancel();
        if !matches!(result, Err(IngressError::PublisherEnded)) {
            result = result.and(drain(lanes, deadline).await);
        }
        result
    }
}

/// Binds the public listener, with a backlog that a burst of connections does not fill before they are
/// accepted: the kernel tries again after one second, then two, then four.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Waits for the lanes to finish what they hold, and for the connection to close.
async fn drain(lanes: JoinHandle<()>, deadline: Instant) -> Result<(), IngressError> {
    let deadline = deadline.max(Instant::now() + LEAST_DRAIN);
    match timeout_at(deadline, lanes).await {
        Ok(Ok(())) => tracing::info!("stopped"),
        Ok(Err(_)) => return Err(IngressError::PublisherEnded),
        // The requests that waited for these confirms were answered `fail` or have ended: nothing is lost.
        Err(_) => tracing::warn!("the broker did not answer in time; stopped without it"),
    }
    Ok(())
}

impl Addresses {
    /// The line on standard output.
    fn line(self) -> String {
        let Addresses { listen, admin } = self;
        let admin = admin.map(|address| format!(" admin={address}")).unwrap_or_default();
        format!("ingress ready listen={listen}{admin}")
    }
}

fn publisher_settings(config: &Config, cluster: Cluster) -> PublisherSettings {
    PublisherSettings {
        cluster,
        name: "ingress".to_owned(),
        lanes: config.ingress.lanes,
        // The limit is `max_in_flight`; a lane that has all of them must not refuse one.
        lane_capacity: config.ingress.max_in_flight,
        bundle: config.ingress.bundle,
        confirm_timeout: config.ingress.confirm_timeout,
    }
}

/// Waits until a notification can be taken; `false` when the broker cannot be reached for now.
async fn first_contact(publisher: &Publisher, topology: &TopologyKeeper) -> bool {
    let contact = async {
        let declared = topology.first_attempt().await;
        if declared {
            publisher.ready().await;
        }
        declared
    };
    timeout(FIRST_CONTACT, contact).await.unwrap_or(false)
}

fn readiness(
    publisher: Publisher,
    topology: TopologyKeeper,
    shutdown: CancellationToken,
) -> impl Fn() -> Readiness + Clone + Send + Sync + 'static {
    move || {
        Readiness::of(&[
            ("stopping", !shutdown.is_cancelled()),
            ("broker", publisher.is_ready()),
            ("work queue", topology.is_there()),
        ])
    }
}

//! Keeps a connection open: connects again whenever it is lost.

use std::time::Duration;

use metrics::counter;
use service::backoff::Backoff;
use service::metric;
use service::outage::OutageKind;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::{Connection, ConnectionSettings, ConnectionState};

const SHORTEST_PAUSE: Duration = Duration::from_millis(100);
/// With it a pipeline works again within 5 s of a broker that accepts connections again.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A broker that refuses this account is not an outage: it is asked again at this pace.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);

/// Connects, runs `body` with the connection, and does so again when the body returns, until
/// `cancel`. There is no limit of attempts, each of which tries every host of the cluster; the
/// pause before each doubles from 100 ms to 2 s, with jitter, and starts over after a connection
/// that lasted longer than 2 s. A host whose connection ended is tried last.
///
/// The body returns when it cannot go on: the connection is [lost](Connection::lost), its channel
/// or its consumer is gone, or its own work is cancelled. It is never dropped half-way, so it must
/// look at `cancel` itself. Whatever it leaves open is closed with the connection, which takes at
/// most [`BROKER_TIMEOUT`](crate::BROKER_TIMEOUT).
///
/// What is logged of outages is shared by all connections of the cluster: one line at the beginning,
/// one a minute, one at the end ([`service::outage`]).
///
/// ```no_run
/// # async fn example(cancel: tokio_util::sync::CancellationToken) {
/// let cluster = queue::Cluster::at("amqp://broker-1,amqp://broker-2").expect("usable URLs");
/// let settings = queue::ConnectionSettings::new(&cluster, "worker consume");
/// queue::supervise(settings, cancel.clone(), async |connection| {
///     let Ok(channel) = connection.create_channel().await else { return };
///     tokio::select! {
///         _ = connection.lost() => {}
///         () = cancel.cancelled() => {}
///         // consume on the channel
///     }
/// #   drop(channel);
/// })
/// .await;
/// # }
/// ```
pub async fn supervise<Body, Running>(
    settings: ConnectionSettings,
    cancel: CancellationToken,
    mut body: Body,
) where
    // Not `AsyncFnMut`: the compiler (1.95) cannot see that its future is `Send`, and the whole
    // could not be spawned. An `async |connection|` closure that captures by reference fits.
    Body: FnMut(Connection) -> Running,
    Running: Future<Output = ()>,
{
    let name = settings.name.as_str();
    let mut backoff = Backoff::new(SHORTEST_PAUSE, LONGEST_PAUSE);
    loop {
        let opened = tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            opened = Connection::open(&settings) => opened,
        };
        let mut refused = Duration::ZERO;
        match opened {
            Ok(connection) => {
                connection.outage().connected();
                let broker = connection.label();
                info!(connection = name, broker, "connected to the broker");
                counter!(metric::QUEUE_CONNECTIONS, "connection" => settings.name.clone())
                    .increment(1);
                let since = Instant::now();
                body(connection.clone()).await;
                let state = connection.state();
                connection.close().await;
                match state {
                    _ if cancel.is_cancelled() => {
                        info!(connection = name, broker, "connection to the broker closed");
                        return;
                    }
                    ConnectionState::Lost { reason } => {
                        debug!(connection = name, broker, reason, "connection to the broker lost");
                        connection.outage().connection_lost(&format_args!("{broker}: {reason}"));
                    }
                    ConnectionState::Open | ConnectionState::Blocked { .. } => {
                        warn!(connection = name, broker, "connection to the broker started over");
                    }
                }
                connection.leave_host();
                if since.elapsed() > LONGEST_PAUSE {
                    backoff.start_over();
                }
            }
            Err(error) => {
                let kind = error.kind();
                debug!(connection = name, %error, "no connection to the broker");
                settings.cluster.outage().attempt_failed(kind, &error);
                if kind == OutageKind::Refuses {
                    refused = REFUSED_PAUSE;
                }
            }
        }
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            () = sleep(backoff.next_pause().max(refused)) => {}
        }
    }
}

//! One connection to the broker.

mod access_refused;
mod address;
mod cluster;
mod error;
pub(crate) mod supervise;
mod tls;
mod watch_state;
mod wire;

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use cluster::Cluster;
pub use error::{ConnectionError, HostError, HostProblem};
use service::outage::Outage;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long one answer of the broker may take: connecting, opening a channel, closing.
pub const BROKER_TIMEOUT: Duration = Duration::from_secs(5);

/// AMQP reply code of a normal close.
const REPLY_SUCCESS: u16 = 200;

/// Where to connect and under which name.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// The broker.
    pub cluster: Cluster,
    /// The connection's name in the broker's own listings: program and purpose.
    pub name: String,
}

impl ConnectionSettings {
    /// Settings from their parts.
    pub fn new(cluster: &Cluster, name: impl Into<String>) -> ConnectionSettings {
        ConnectionSettings { cluster: cluster.clone(), name: name.into() }
    }
}

/// What a connection can do at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    /// Everything.
    Open,
    /// Nothing can be sent, not even acknowledgements: the broker is short of memory or disk.
    Blocked {
        /// The reply of the broker.
        reason: String,
    },
    /// It has ended; [`supervise`](crate::supervise) makes another one.
    Lost {
        /// The error of lapin or the reply of the broker.
        reason: String,
    },
}

/// A connection whose end is noticed even while nothing is sent on it: heartbeats every 10 s, lost after
/// two that are missing. Clones are the same connection; it closes with the last of them.
#[derive(Clone)]
pub struct Connection {
    lapin: Arc<lapin::Connection>,
    state: Arc<watch::Sender<ConnectionState>>,
    cluster: Cluster,
    /// Which of the cluster's hosts it is to.
    host: usize,
}

impl Connection {
    /// Connects to one host of the cluster within [`BROKER_TIMEOUT`]; each host is tried once. For
    /// what runs forever there is [`supervise`](crate::supervise).
    ///
    /// # Errors
    ///
    /// [`ConnectionError::NoHost`]: no host can be reached, answers and accepts us.
    pub async fn open(settings: &ConnectionSettings) -> Result<Connection, ConnectionError> {
        let cluster = settings.cluster.clone();
        let (host, lapin) = cluster.connect(&settings.name).await?;
        let state = Arc::new(watch::Sender::new(ConnectionState::Open));
        watch_state::spawn(&settings.name, &lapin, &state);
        Ok(Connection { lapin: Arc::new(lapin), state, cluster, host })
    }

    /// `host:port/vhost`, for logs.
    pub(crate) fn label(&self) -> String {
        self.cluster.label(self.host)
    }

    /// The user that messages are published as, where they are to say so. The broker refuses another.
    pub(crate) fn user_id(&self) -> Option<&str> {
        self.cluster.user_id(self.host)
    }

    /// Logs the broker's outages.
    pub(crate) fn outage(&self) -> &Outage {
        self.cluster.outage()
    }

    /// Makes the cluster's next connection begin with another host.
    pub(crate) fn leave_host(&self) {
        self.cluster.leave(self.host);
    }

    /// Opens a channel within [`BROKER_TIMEOUT`], or less when the connection ends.
    ///
    /// # Errors
    ///
    /// The connection is lost, the broker does not answer (as while it blocks) or refuses.
    pub async fn create_channel(&self) -> Result<lapin::Channel, ConnectionError> {
        self.bounded("opening a channel", self.lapin.create_channel()).await
    }

    /// Waits for an answer of the broker on this connection, at most [`BROKER_TIMEOUT`] and not
    /// longer than the connection lives. `action` completes "no answer while ...".
    ///
    /// # Errors
    ///
    /// The connection is lost, the broker does not answer, or `answer` is an error.
    pub async fn bounded<T>(
        &self,
        action: &'static str,
        answer: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, ConnectionError> {
        tokio::select! {
            biased;
            answer = timeout(BROKER_TIMEOUT, answer) => match answer {
                Ok(answer) => Ok(answer?),
                Err(_) => Err(ConnectionError::Timeout { action }),
            },
            reason = self.lost() => Err(ConnectionError::Lost { reason }),
        }
    }

    /// Closes a channel that had no error, within [`BROKER_TIMEOUT`].
    ///
    /// # Errors
    ///
    /// As those of [`Connection::bounded`].
    pub async fn close_channel(&self, channel: &lapin::Channel) -> Result<(), ConnectionError> {
        let goodbye = channel.close(REPLY_SUCCESS, "OK".into());
        self.bounded("closing a channel", goodbye).await
    }

    /// What it can do now.
    pub fn state(&self) -> ConnectionState {
        self.state.borrow().clone()
    }

    /// Whether it is [`ConnectionState::Open`].
    pub fn is_open(&self) -> bool {
        *self.state.borrow() == ConnectionState::Open
    }

    /// Whether it is [`ConnectionState::Lost`].
    pub fn is_lost(&self) -> bool {
        matches!(*self.state.borrow(), ConnectionState::Lost { .. })
    }

    /// Waits for the end of the connection and says why it ended.
    pub async fn lost(&self) -> String {
        match self.wait_for(|state| matches!(state, ConnectionState::Lost { .. })).await {
            ConnectionState::Lost { reason } => reason,
            ConnectionState::Open | ConnectionState::Blocked { .. } => String::new(),
        }
    }

    /// Waits until the connection is in a state that `wanted` accepts.
    pub async fn wait_for(&self, wanted: impl FnMut(&ConnectionState) -> bool) -> ConnectionState {
        let mut changes = self.state.subscribe();
        let state = changes.wait_for(wanted).await.map(|state| state.clone());
        match state {
            Ok(state) => state,
            // The sender lives in `self`.
            Err(_) => std::future::pending().await,
        }
    }

    /// Declares the connection lost, for a caller that could not use it although it looks open.
    pub fn give_up(&self, reason: impl Into<String>) {
        watch_state::lose(&self.state, reason.into());
    }

    /// Closes the connection, within [`BROKER_TIMEOUT`]. The connection is lost afterwards.
    pub async fn close(&self) {
        let goodbye = self.lapin.close(REPLY_SUCCESS, "OK".into());
        // A broker that does not answer any more, or blocks, gets no `connection.close`.
        let _ = timeout(BROKER_TIMEOUT, goodbye).await;
        self.give_up("closed");
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("state", &self.state()).finish_non_exhaustive()
    }
}

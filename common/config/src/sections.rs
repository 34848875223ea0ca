//! The sections of the file. What a field is read as, is the type of its key: [`crate::field`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use alipay::Fen;
use serde::{Deserialize, Serialize};

use crate::amqp::AmqpKeys;
use crate::console::ConsoleKeys;
use crate::database::DatabaseKeys;
use crate::field::{address, address_or_off, duration, retention, up_to, yuan};
use crate::merchant::MerchantKeys;
use crate::network::Network;
use crate::notify::NotifyKeys;

/// Every key there is. The defaults stand in `defaults.toml`, the first layer.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sections {
    pub(crate) database: DatabaseKeys,
    pub(crate) amqp: AmqpKeys,
    pub(crate) queue: Queue,
    pub(crate) ingress: Ingress,
    pub(crate) worker: Worker,
    pub(crate) events: Events,
    pub(crate) retention: Retention,
    pub(crate) orders: Orders,
    pub(crate) console: ConsoleKeys,
    pub(crate) notify: NotifyKeys,
    #[serde(default)]
    pub(crate) merchants: BTreeMap<String, MerchantKeys>,
}

/// The largest number that `queue.shards` may have.
pub const MOST_SHARDS: u64 = 64;

/// `[queue]`: how work is spread over queues.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [queue]")]
pub struct Queue {
    /// Work queues that the orders are spread over.
    #[serde(deserialize_with = "up_to::<MOST_SHARDS, _>")]
    pub shards: usize,
}

/// `[ingress]`: the public endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [ingress]")]
pub struct Ingress {
    /// Address of the public listener; port 0 takes a free one.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Address of `/livez`, `/readyz`, `/metrics`; off when `None`.
    #[serde(default, deserialize_with = "address_or_off")]
    pub admin_listen: Option<SocketAddr>,
    /// Largest body, in bytes.
    #[serde(deserialize_with = "up_to::<{ 16 * 1024 * 1024 }, _>")]
    pub max_body: usize,
    /// Notifications that may wait for the broker at one time.
    #[serde(deserialize_with = "up_to::<100_000, _>")]
    pub max_in_flight: usize,
    /// Open connections.
    #[serde(deserialize_with = "up_to::<100_000, _>")]
    pub max_connections: usize,
    /// Open connections of one address that is neither loopback nor one of `trusted_proxies`.
    #[serde(deserialize_with = "up_to::<100_000, _>")]
    pub max_connections_per_peer: usize,
    /// Whose connections have no limit of their own and whose `X-Forwarded-For` counts, beside
    /// loopback.
    pub trusted_proxies: Vec<Network>,
    /// Refused requests of one client and merchant in a minute; further ones are answered 429 unread.
    #[serde(deserialize_with = "up_to::<1_000_000, _>")]
    pub max_refused_per_minute: usize,
    /// Bytes that all bodies under way may hold together.
    #[serde(deserialize_with = "up_to::<{ 16 * 1024 * 1024 * 1024 }, _>")]
    pub max_body_memory: usize,
    /// How long a new connection may take to its first byte.
    #[serde(with = "duration")]
    pub first_byte_timeout: Duration,
    /// How long the broker may take to confirm.
    #[serde(with = "duration")]
    pub confirm_timeout: Duration,
    /// How long the headers of a request may take.
    #[serde(with = "duration")]
    pub header_timeout: Duration,
    /// How long the body of a request may take.
    #[serde(with = "duration")]
    pub body_timeout: Duration,
    /// Age at which a connection is closed.
    #[serde(with = "duration")]
    pub connection_timeout: Duration,
    /// How long a graceful stop may take.
    #[serde(with = "duration")]
    pub shutdown_timeout: Duration,
    /// How long the gateway may take to say whether it sent a notification.
    #[serde(with = "duration")]
    pub notify_verify_timeout: Duration,
    /// AMQP channels that publish side by side.
    #[serde(deserialize_with = "up_to::<256, _>")]
    pub lanes: usize,
    /// Notifications that may travel as one message of the broker.
    #[serde(deserialize_with = "up_to::<64, _>")]
    pub bundle: usize,
    /// Whether to end when the account at the broker may do more than it needs to.
    pub least_privilege: bool,
}

/// `[worker]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [worker]")]
pub struct Worker {
    /// Largest number of messages in one transaction.
    #[serde(deserialize_with = "up_to::<4096, _>")]
    pub batch: usize,
    /// Batches under way at one time.
    #[serde(deserialize_with = "up_to::<256, _>")]
    pub lanes: usize,
    /// How long the database may take to answer one statement.
    #[serde(with = "duration")]
    pub database_timeout: Duration,
    /// Whether the gateway is asked about orders that are unpaid, silent or in doubt.
    pub queries: bool,
    /// Age at which the gateway is asked about an order that is not paid.
    #[serde(with = "duration")]
    pub query_unpaid_after: Duration,
    /// Time without a message after which the gateway is asked about an order that is not finished.
    #[serde(with = "duration")]
    pub query_silent_after: Duration,
    /// How long one query to the gateway may take.
    #[serde(with = "duration")]
    pub query_timeout: Duration,
    /// How long smaller orders may pass an order that waits for stock.
    #[serde(with = "duration")]
    pub stock_overtake_limit: Duration,
    /// Address of `/livez`, `/readyz`, `/metrics`; off when `None`.
    #[serde(default, deserialize_with = "address_or_off")]
    pub admin_listen: Option<SocketAddr>,
}

/// `[events]`: what the shop can listen to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [events]")]
pub struct Events {
    /// Whether order events are published.
    pub enabled: bool,
}

/// `[retention]`: how long rows are kept that only grow in number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [retention]")]
pub struct Retention {
    /// Whether workers remove old rows, once a day.
    pub sweep: bool,
    /// The age at which a row may be removed, at least [`SHORTEST_RETENTION`].
    #[serde(with = "retention")]
    pub older_than: Duration,
}

/// `[orders]`: what people may change of orders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [orders]")]
pub struct Orders {
    /// By how much one person alone may amend the total of an order, or the price of what is sold.
    #[serde(with = "yuan")]
    pub amend_alone_up_to: Fen,
}

/// No row is removed that is younger. So far back a message's own time of receipt counts; of an older one the inbox has to
/// prove it.
pub const SHORTEST_RETENTION: Duration = Duration::from_hours(40 * 24);

/// Ten years.
pub const LONGEST_RETENTION: Duration = Duration::from_hours(3_660 * 24);

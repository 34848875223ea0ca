//! How a notification travels through RabbitMQ.
//!
//! # Queues
//!
//! [`topology`] names every exchange and queue and declares them over AMQP. A notification waits
//! in the quorum queue `alipay.notify.0`, or that of another shard. One that cannot be applied yet goes through a
//! [`RetryTier`](topology::RetryTier), a queue whose time to live sends it back; one that needs a
//! person goes to `alipay.dead`.
//!
//! # Messages
//!
//! The body of a message is an [`Envelope`]: JSON with the form as Alipay sent it. What changes
//! on the way (attempts, the reason of a retry or of a dead letter) is in the [`Headers`]. A
//! [`Message`] is on its way out, a [`ReceivedMessage`] came in. [`message_id`] gives repeats of one
//! notification the same id.
//!
//! Under load several first publishes can travel as one message, a *bundle* ([`PublisherSettings::bundle`],
//! [`ReceivedMessage::unbundle`]); what is retried or dead-lettered is always a message of its own.
//!
//! # Publishing
//!
//! [`Publisher::publish`] answers `Ok` when, and only when, the broker has confirmed the message
//! and has not returned it; a quorum queue confirms what is on disk. Everything is persistent and
//! `mandatory`: without `mandatory` the broker confirms a message that no queue takes, and drops
//! it.
//!
//! A publisher has several *lanes*. A lane is one task that owns one channel in confirm mode. It
//! publishes what is waiting (no timer: a lone message leaves at once, a busy lane makes large
//! gatherings), waits for **all** confirms of the gathering and answers only then. lapin pairs a
//! returned message with the next confirm of any message, so a single confirm proves nothing
//! while others are open; over a whole gathering returns are paired by message id. After any
//! error a lane throws its channel away, since lapin keeps stale returns on it, and opens another.
//!
//! # Connections
//!
//! A [`Cluster`] is the broker: one host or several, plain or by TLS. [`Connection::open`] tries
//! each of them, and each address of a name.
//!
//! [`supervise`] keeps a connection forever: it connects, runs a body with the [`Connection`],
//! and when the body returns connects again after a pause with jitter. lapin's own recovery stays
//! off. Publishing and consuming use separate connections, because a broker that is short of
//! memory or disk blocks a connection that publishes as a whole, acknowledgements included.
//!
//! Every wait on the broker is bounded by [`BROKER_TIMEOUT`] or by the publisher's confirm
//! timeout.
//!
//! # Accounts
//!
//! Every message carries the user that it was published as ([`ReceivedMessage::user_id`]), which the broker
//! checks; workers compare it with the accounts of the configuration. [`account`] finds out whether an
//! account may do more than publish.
//!
//! # Metrics
//!
//! | name | kind | meaning |
//! |---|---|---|
//! | `alipay_queue_published_total{outcome}` | counter | answered publish requests; `outcome` is `confirmed` or [`PublishError::reason_code`] |
//! | `alipay_queue_publisher_ready` | gauge | 1 while every lane has a channel in confirm mode and the connection is not blocked, else 0 |
//!
//! # Logs
//!
//! lapin logs a returned message with its body, at level WARN, target `lapin::returned_messages`.
//! Programs must keep that target off; what it says comes back as [`PublishError::Returned`].

pub mod account;
pub mod alarm;
mod bundle;
mod command;
mod connection;
mod depth;
mod envelope;
mod headers;
mod message;
mod message_id;
mod publisher;
mod received;
pub mod span;
pub mod topology;

pub use command::RefundAnswerForm;
pub use connection::supervise::supervise;
pub use connection::{
    BROKER_TIMEOUT, Cluster, Connection, ConnectionError, ConnectionSettings, ConnectionState,
    HostError, HostProblem,
};
pub use depth::Depth;
pub use envelope::{Envelope, EnvelopeError, MessageKind};
pub use headers::{Headers, MAX_HEADER_LENGTH};
pub use message::Message;
pub use message_id::{id_of_content, message_id};
pub use publisher::error::PublishError;
pub use publisher::{Publisher, PublisherSettings};
pub use received::ReceivedMessage;

//! Why a message is not known to be in a queue.

use metrics::counter;
use service::metric;

/// Why a message is not known to be in a queue. All of them leave open whether it is there, but
/// for those that say so; publishing it again is right for all but the malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no connection, or the publisher was stopped. Nothing was sent.
    #[error("not connected to the broker")]
    NotConnected,
    /// The broker has blocked the connection: it is short of memory or disk.
    #[error("the broker has blocked the connection")]
    Blocked,
    /// Every lane is full. Nothing was sent.
    #[error("too many messages are waiting to be published")]
    Busy,
    /// No queue took the message: a queue or a binding is missing.
    #[error("returned by the broker: {reason}")]
    Returned {
        /// The reply of the broker.
        reason: String,
    },
    /// The broker refused it: the queue is full or failed.
    #[error("refused by the broker")]
    Nacked,
    /// The confirms of its gathering did not all come in time.
    #[error("no confirm from the broker in time")]
    Timeout,
    /// The channel ended before the confirm: an exchange is missing, or the connection was lost.
    #[error("the channel ended before the confirm: {0}")]
    Channel(String),
    /// AMQP has no room for a name of more than 255 bytes. Nothing was sent.
    #[error("{field} is longer than 255 bytes")]
    TooLong {
        /// Which of the message's names.
        field: &'static str,
    },
}

impl PublishError {
    /// There is no connection: [`supervise`](crate::supervise) logs that, once an outage.
    pub fn is_outage(&self) -> bool {
        matches!(self, PublishError::NotConnected)
    }

    /// A short word for metrics and logs.
    pub fn reason_code(&self) -> &'static str {
        match self {
            PublishError::NotConnected => "not_connected",
            PublishError::Blocked => "blocked",
            PublishError::Busy => "busy",
            PublishError::Returned { .. } => "returned",
            PublishError::Nacked => "nacked",
            PublishError::Timeout => "timeout",
            PublishError::Channel(_) => "channel",
            PublishError::TooLong { .. } => "too_long",
        }
    }
}

/// Counts an answer. Each request is counted once, where it is answered.
pub(super) fn count(answer: Result<(), &PublishError>) {
    let outcome = answer.map_or_else(PublishError::reason_code, |()| "confirmed");
    counter!(metric::QUEUE_PUBLISHED, "outcome" => outcome).increment(1);
}

//! The result of sending a notification.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};
use service::connect_failure::ConnectFailure;
use strum::IntoStaticStr;

/// The only answer that ends the repeats.
pub(crate) const SUCCESS: &str = "success";

/// One delivery attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// When it was sent.
    pub at: DateTime<Utc>,
    /// The HTTP status; none when no answer came.
    pub status: Option<u16>,
    /// The answer's body, cut after [`Attempt::ANSWER_LIMIT`] characters.
    pub answer: String,
    /// Why no answer came.
    pub failure: Option<AttemptFailure>,
    /// The same in a sentence, with the place and what to look at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// From sending to the end of the answer; in JSON `milliseconds`.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub duration: Duration,
}

impl Attempt {
    /// What was answered, or why nothing was.
    pub fn told(&self) -> String {
        match (&self.reason, self.failure) {
            (Some(reason), _) => reason.clone(),
            (None, Some(failure)) => failure.text().to_owned(),
            // Escaped: what is not exactly `success` shows why.
            (None, None) => self.answer.escape_debug().to_string(),
        }
    }

    /// How many characters of an answer are kept.
    pub const ANSWER_LIMIT: usize = 200;

    /// Whether Alipay would stop: status 200 and a body of exactly these seven bytes.
    pub fn is_success(&self) -> bool {
        self.status == Some(200) && self.answer == SUCCESS
    }
}

/// Why an attempt has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum AttemptFailure {
    /// Nothing accepts connections there, or there is no way to the address.
    #[strum(serialize = "could not connect")]
    NotConnected,
    /// The name has no address.
    #[strum(serialize = "the name has no address")]
    NameUnknown,
    /// There is a connection, and TLS failed on it.
    #[strum(serialize = "TLS failed")]
    TlsFailed,
    /// The answer did not come in time.
    #[strum(serialize = "no answer in time")]
    TimedOut,
    /// The connection broke, or what came was no HTTP.
    #[strum(serialize = "the connection broke")]
    Broken,
}

impl AttemptFailure {
    /// What stood in the way of a request.
    pub(crate) fn of(obstacle: ConnectFailure) -> AttemptFailure {
        match obstacle {
            ConnectFailure::Refused | ConnectFailure::Network => AttemptFailure::NotConnected,
            ConnectFailure::Name => AttemptFailure::NameUnknown,
            ConnectFailure::Tls => AttemptFailure::TlsFailed,
            ConnectFailure::Slow => AttemptFailure::TimedOut,
            ConnectFailure::Broken => AttemptFailure::Broken,
        }
    }

    /// Whether no request was sent.
    pub fn is_unconnected(self) -> bool {
        matches!(
            self,
            AttemptFailure::NotConnected | AttemptFailure::NameUnknown | AttemptFailure::TlsFailed
        )
    }

    /// In words, for output.
    pub fn text(self) -> &'static str {
        self.into()
    }
}

/// Every attempt to deliver one notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// The identity of the event.
    pub notify_id: String,
    /// The attempts, oldest first; never empty.
    pub attempts: Vec<Attempt>,
}

impl Delivery {
    /// Whether the last attempt was answered `success`.
    pub fn is_success(&self) -> bool {
        self.attempts.last().is_some_and(Attempt::is_success)
    }
}

fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
}

//! One dead letter, as it is printed.

use queue::{Envelope, Received};
use serde::Serialize;
use store::report::BeijingTime;

/// What the headers of a dead letter say.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) order: Option<String>,
    pub(crate) merchant: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) first_seen: BeijingTime,
    pub(crate) died_at: Option<BeijingTime>,
}

impl From<&Received> for DeadLetter {
    fn from(received: &Received) -> DeadLetter {
        let headers = &received.headers;
        DeadLetter {
            id: received.message_id.clone(),
            reason: headers.reason.clone(),
            error: headers.error.clone(),
            order: headers.order.clone(),
            merchant: headers.merchant.clone(),
            attempts: headers.attempt,
            first_seen: BeijingTime(headers.first_seen),
            died_at: headers.died_at.map(BeijingTime),
        }
    }
}

/// Sorts by death, what has no time of death last. A queue gives returned messages back in any order.
pub(crate) fn sort(letters: &mut [DeadLetter]) {
    letters.sort_by(|a, b| {
        let key =
            |letter: &DeadLetter| (letter.died_at.is_none(), letter.died_at, letter.first_seen);
        key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
    });
}

/// A dead letter with its body.
#[derive(Debug, Serialize)]
pub(crate) struct OpenedLetter {
    #[serde(flatten)]
    pub(crate) letter: DeadLetter,
    /// How many dead letters have this id: repeats of one notification share it.
    pub(crate) copies: usize,
    pub(crate) worker_version: Option<String>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) charset: Option<&'static str>,
    pub(crate) received_at: Option<BeijingTime>,
    /// The form as it was received: what `ops verify` reads.
    pub(crate) form: Option<String>,
    /// The body, when it is no envelope.
    pub(crate) body: Option<String>,
}

impl OpenedLetter {
    pub(crate) fn open(received: &Received, copies: usize) -> OpenedLetter {
        let mut letter = DeadLetter::from(received);
        let envelope = Envelope::read(&received.body).ok();
        if letter.merchant.is_none() {
            letter.merchant = envelope.as_ref().map(|envelope| envelope.merchant.clone());
        }
        let body = match envelope {
            Some(_) => None,
            None => Some(String::from_utf8_lossy(&received.body).into_owned()),
        };
        OpenedLetter {
            letter,
            copies,
            worker_version: received.headers.worker_version.clone(),
            kind: envelope.as_ref().map(|envelope| envelope.kind.as_str()),
            charset: envelope.as_ref().map(|envelope| envelope.charset.name()),
            received_at: envelope.as_ref().map(|envelope| BeijingTime(envelope.received_at)),
            form: envelope.map(|envelope| envelope.form),
            body,
        }
    }
}

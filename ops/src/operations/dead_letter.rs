//! Dead letters: what operators see of them, by their rows, and what they do with them, in the queue.

pub(crate) mod audit_trail;
pub(crate) mod discard;
pub(crate) mod dry_run;
pub(crate) mod evidence;
pub(crate) mod group;
pub(crate) mod list;
pub(crate) mod message;
pub(crate) mod not_there;
pub(crate) mod note;
pub(crate) mod poison;
pub(crate) mod ramp;
pub(crate) mod replay;
pub(crate) mod replay_outcome;
pub(crate) mod replay_selected;
pub(crate) mod restore;
mod rounds;
pub(crate) mod selection;
pub(crate) mod settled;
pub(crate) mod sync;

use std::collections::BTreeSet;

use alipay::{Charset, Form};
use queue::{Envelope, ReceivedMessage};
use serde::Serialize;

use self::message::LetterMessage;
use self::settled::SettledReason;
use store::dead_letter::{LetterRow, SHORTEST_ID, StoredLetter};
use store::{BeijingTime, MysqlConnection, StoreError, user_order};

/// Stands where a letter has no reason: no worker put it there.
pub(crate) const NO_REASON: &str = "no reason";
/// What selects these in the address of the console's page.
pub(crate) const REASON_MISSING: &str = "none";

/// What the headers of a dead letter say.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    pub(crate) reason: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) order: Option<String>,
    /// Whether there is such an order; none where the database was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_exists: Option<bool>,
    /// Why nothing is left to do about it; none where something is, or the database was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) settled: Option<SettledReason>,
    pub(crate) merchant: Option<String>,
    pub(crate) attempts: u32,
    pub(crate) first_seen: BeijingTime,
    pub(crate) died_at: Option<BeijingTime>,
    /// How many letters have this id, where there are several.
    #[serde(skip_serializing_if = "is_one")]
    pub(crate) copies: i32,
    #[serde(skip)]
    pub(crate) worker_version: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes it so")]
fn is_one(copies: &i32) -> bool {
    *copies == 1
}

impl From<&LetterRow> for DeadLetter {
    fn from(row: &LetterRow) -> DeadLetter {
        DeadLetter {
            id: row.message_id.clone(),
            reason: row.reason.clone(),
            error: row.error.clone(),
            order: row.order_id.clone(),
            order_exists: None,
            settled: None,
            merchant: row.merchant.clone(),
            attempts: u32::try_from(row.attempts).unwrap_or_default(),
            first_seen: BeijingTime(row.first_seen),
            died_at: row.died_at.map(BeijingTime),
            copies: row.copies,
            worker_version: row.worker_version.clone(),
        }
    }
}

impl From<&ReceivedMessage> for DeadLetter {
    fn from(received: &ReceivedMessage) -> DeadLetter {
        let headers = &received.headers;
        DeadLetter {
            id: received.message_id.clone(),
            reason: headers.reason.clone(),
            error: headers.error.clone(),
            order: headers.order.clone(),
            order_exists: None,
            settled: None,
            merchant: headers.merchant.clone(),
            attempts: headers.attempt,
            first_seen: BeijingTime(headers.first_seen),
            died_at: headers.died_at.map(BeijingTime),
            copies: 1,
            worker_version: headers.worker_version.clone(),
        }
    }
}

/// Whether `wanted` means the letter with this id: all of it, or its beginning.
pub(crate) fn is_meant(wanted: &str, id: &str) -> bool {
    id == wanted || (wanted.len() >= SHORTEST_ID && id.starts_with(wanted))
}

/// The beginning of an id that is enough to mean the letter.
pub(crate) fn short(id: &str) -> String {
    id.chars().take(SHORTEST_ID).collect()
}

impl DeadLetter {
    /// The order, and that there is none.
    pub(crate) fn order_text(&self) -> String {
        match (&self.order, self.order_exists) {
            (Some(order), Some(false)) => format!("{order} (no such order)"),
            (Some(order), _) => order.clone(),
            (None, _) => String::new(),
        }
    }
}

/// Orders in one query of the database.
const CHUNK: usize = 1000;

/// Notes which of the letters name an order that is not there.
pub(crate) fn look_up_orders(
    connection: &mut MysqlConnection,
    letters: &mut [DeadLetter],
) -> Result<(), StoreError> {
    for letters in letters.chunks_mut(CHUNK) {
        let named: BTreeSet<&str> =
            letters.iter().filter_map(|letter| letter.order.as_deref()).collect();
        let named: Vec<&str> = named.into_iter().collect();
        let there: BTreeSet<String> =
            user_order::existing(connection, &named)?.into_iter().collect();
        for letter in letters {
            letter.order_exists = letter.order.as_ref().map(|order| there.contains(order));
        }
    }
    Ok(())
}

/// A dead letter with its body.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct OpenedLetter {
    #[serde(flatten)]
    pub(crate) letter: DeadLetter,
    /// How many dead letters have this id: repeats of one notification share it.
    pub(crate) copies: i32,
    pub(crate) worker_version: Option<String>,
    pub(crate) traceparent: Option<String>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) charset: Option<&'static str>,
    pub(crate) received_at: Option<BeijingTime>,
    /// The form as it was received: what `ops verify` reads.
    pub(crate) form: Option<String>,
    /// Its parameters as text, without the signature.
    pub(crate) parameters: Vec<ReadableParameter>,
    /// The body, when it is no envelope.
    pub(crate) body: Option<String>,
    /// What letters of its group have in common.
    #[serde(skip)]
    pub(crate) cause: String,
    #[serde(skip)]
    pub(crate) envelope: Option<Envelope>,
    /// The message itself; none where the row has no body.
    #[serde(skip)]
    pub(crate) message: Option<LetterMessage>,
}

/// A parameter of the form, decoded by the charset of the letter.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ReadableParameter {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Its bytes are none of this charset: the value shows them escaped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) undecodable: bool,
}

impl OpenedLetter {
    pub(crate) fn open(stored: StoredLetter) -> OpenedLetter {
        let letter = DeadLetter { copies: 1, ..DeadLetter::from(&stored.row) };
        let (copies, traceparent) = (stored.row.copies, stored.row.traceparent.clone());
        let cause = stored.row.cause.clone();
        let message = LetterMessage::stored(stored);
        let envelope = message.as_ref().and_then(|message| Envelope::read(&message.body).ok());
        let unreadable = message.as_ref().filter(|_| envelope.is_none());
        OpenedLetter {
            copies,
            cause,
            worker_version: letter.worker_version.clone(),
            traceparent,
            letter,
            kind: envelope.as_ref().map(|envelope| envelope.kind.as_str()),
            charset: envelope.as_ref().map(|envelope| envelope.charset.name()),
            received_at: envelope.as_ref().map(|envelope| BeijingTime(envelope.received_at)),
            parameters: envelope.as_ref().map(parameters).unwrap_or_default(),
            form: envelope.as_ref().map(|envelope| envelope.form.clone()),
            body: unreadable.map(|it| String::from_utf8_lossy(&it.body).into_owned()),
            envelope,
            message,
        }
    }

    /// Whether Alipay signed the form; what our own programs write has no signature.
    pub(crate) fn is_notification(&self) -> bool {
        self.envelope.as_ref().is_some_and(|envelope| envelope.kind.is_notification())
    }
}

/// The parameters as text; the signature is of no use to a reader.
fn parameters(envelope: &Envelope) -> Vec<ReadableParameter> {
    let Ok(form) = Form::parse(envelope.form.as_bytes()) else { return Vec::new() };
    let text = |bytes: &[u8], charset: Charset| match charset.decode(bytes) {
        Ok(text) => (text, false),
        Err(_) => (bytes.escape_ascii().to_string(), true),
    };
    form.iter()
        .filter(|(name, _)| *name != b"sign")
        .map(|(name, value)| {
            let (value, undecodable) = text(value, envelope.charset);
            ReadableParameter { name: text(name, envelope.charset).0, value, undecodable }
        })
        .collect()
}

//! A dead letter as a message: what its row and its body say.

use queue::{Headers, ReceivedMessage};
use store::dead_letter::{LetterRow, StoredLetter};

/// A dead letter that can be read again.
#[derive(Debug, Clone)]
pub(crate) struct LetterMessage {
    pub(crate) message_id: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl LetterMessage {
    /// The letter of a row; none where the row has no body.
    pub(crate) fn stored(letter: StoredLetter) -> Option<LetterMessage> {
        let headers = headers(&letter.row);
        Some(LetterMessage { message_id: letter.row.message_id, headers, body: letter.body? })
    }
}

impl From<&ReceivedMessage> for LetterMessage {
    fn from(received: &ReceivedMessage) -> LetterMessage {
        LetterMessage {
            message_id: received.message_id.clone(),
            headers: received.headers.clone(),
            body: received.body.clone(),
        }
    }
}

/// The headers that the letter has in the queue.
pub(crate) fn headers(row: &LetterRow) -> Headers {
    Headers {
        attempt: u32::try_from(row.attempts).unwrap_or_default(),
        reason: row.reason.clone(),
        error: row.error.clone(),
        died_at: row.died_at,
        order: row.order_id.clone(),
        merchant: row.merchant.clone(),
        worker_version: row.worker_version.clone(),
        ..Headers::first(row.first_seen, row.traceparent.clone())
    }
}

//! Messages that wait for the end of a pause: rows of `paused_message` in place of deliveries.
//!
//! They are in no batch, so nothing of them is applied, no attempt is counted, and none dies. The rows are committed before the
//! deliveries are acknowledged: a crash in between writes the same rows again.

use diesel::Connection as _;
use queue::ReceivedMessage;
use sha2::{Digest as _, Sha256};
use store::paused_message::{self, NewPausedMessage};

use super::attempt::BatchAttempt;
use crate::batch::{BatchError, Outcome, retry_copies};
use crate::message::InboundMessage;
use crate::pauses::ActivePauses;

impl BatchAttempt<'_> {
    /// Puts aside those of these messages that wait for a pause, and returns the others.
    pub(super) fn put_aside(
        &mut self,
        pauses: &ActivePauses,
        messages: Vec<(usize, InboundMessage)>,
    ) -> Result<Vec<(usize, InboundMessage)>, BatchError> {
        if pauses.is_empty() {
            return Ok(messages);
        }
        let all: Vec<&InboundMessage> = messages.iter().map(|(_, message)| message).collect();
        let pause_ids = pauses.of_messages(self.connection, &all)?;
        let mut rows: Vec<NewPausedMessage<'_>> = Vec::new();
        let mut waiting: Vec<(&InboundMessage, &Outcome)> = Vec::new();
        for ((at, message), pause_id) in messages.iter().zip(&pause_ids) {
            if let Some(pause_id) = pause_id {
                rows.push(row(*pause_id, &self.received()[*at], message));
                waiting.push((message, &Outcome::Paused));
            }
        }
        if rows.is_empty() {
            return Ok(messages);
        }
        rows.sort_by(|a, b| a.key().cmp(&b.key()));
        self.connection.transaction(|connection| {
            paused_message::insert(connection, rows)?;
            retry_copies::write(connection, waiting.into_iter())
        })?;
        service::crash_point!("pauses.after_put_aside");
        let mut others = Vec::new();
        for ((at, message), pause_id) in messages.into_iter().zip(pause_ids) {
            match pause_id {
                Some(_) => self.set_outcome(at, Outcome::Paused),
                None => others.push((at, message)),
            }
        }
        Ok(others)
    }
}

fn row<'a>(
    pause_id: i64,
    received: &'a ReceivedMessage,
    message: &'a InboundMessage,
) -> NewPausedMessage<'a> {
    NewPausedMessage {
        pause_id,
        message_id: &message.message_id,
        body_digest: base16ct::lower::encode_string(&Sha256::digest(&received.body)),
        body: &received.body,
        kind: message.kind.as_str(),
        merchant: &message.account.merchant,
        order_id: message.order_id(),
        attempt: i32::try_from(message.attempt).unwrap_or(i32::MAX),
        was_dead: message.was_dead,
        first_seen: received.headers.first_seen,
        traceparent: received.headers.traceparent.as_deref(),
        tracestate: received.headers.tracestate.as_deref(),
    }
}

//! Messages that wait for the end of a pause: rows of `paused_message` in place of deliveries.
//!
//! They are in no batch, so nothing of them is applied, no attempt is counted, and none dies. The rows are committed before the
//! deliveries are acknowledged: a crash in between writes the same rows again.

use std::ops::Range;

use diesel::Connection as _;
use order::RejectionReason;
use queue::{Envelope, ReceivedMessage};
use sha2::{Digest as _, Sha256};
use store::paused_message::{self, NewPausedMessage};

use super::attempt::BatchAttempt;
use crate::batch::{BatchError, Outcome, retry_copies, run_halving};
use crate::message::{InboundMessage, Rejection, order_in_form};
use crate::pauses::ActivePauses;

/// A message that waits: its place among those received, the pause, and the message.
type Waiting = (usize, i64, InboundMessage);

impl BatchAttempt<'_> {
    /// Puts aside those of these messages that wait for a pause, and returns the others. A row that the database refuses ends its
    /// message alone, as in a batch.
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
        let (mut waiting, mut others) = (Vec::<Waiting>::new(), Vec::new());
        for ((at, message), pause_id) in messages.into_iter().zip(pause_ids) {
            match pause_id {
                Some(pause_id) => waiting.push((at, pause_id, message)),
                None => others.push((at, message)),
            }
        }
        run_halving(
            self,
            0..waiting.len(),
            &|attempt: &mut Self, part: Range<usize>| attempt.put_aside_together(&waiting[part]),
            &|attempt: &mut Self, at, failure| {
                let (place, _, message) = &waiting[at];
                attempt.failed_alone(*place, message, failure)
            },
        )?;
        Ok(others)
    }

    /// One transaction.
    fn put_aside_together(&mut self, waiting: &[Waiting]) -> Result<(), BatchError> {
        let received = self.received();
        let mut rows: Vec<NewPausedMessage<'_>> = waiting
            .iter()
            .map(|(at, pause_id, message)| row(*pause_id, &received[*at], message))
            .collect();
        rows.sort_by(|a, b| a.key().cmp(&b.key()));
        self.connection.transaction(|connection| {
            paused_message::insert(connection, rows)?;
            let paused = waiting.iter().map(|(_, _, message)| (message, &Outcome::Paused));
            retry_copies::write(connection, paused)
        })?;
        service::crash_point!("pauses.after_put_aside");
        for (at, _, _) in waiting {
            self.set_outcome(*at, Outcome::Paused);
        }
        Ok(())
    }

    /// Puts aside a message of a paused merchant whom this worker's configuration does not have; `false`: it does not wait. One of
    /// an unknown publisher never waits, since a worker would publish it again as its own.
    pub(super) fn put_aside_unread(
        &mut self,
        pauses: &ActivePauses,
        at: usize,
        rejection: &Rejection,
    ) -> Result<bool, BatchError> {
        let delivery = &self.received()[at];
        if pauses.is_empty() || rejection.reason != RejectionReason::UnknownMerchant.as_str() {
            return Ok(false);
        }
        let Ok(envelope) = Envelope::read(&delivery.body) else { return Ok(false) };
        let Some(pause_id) = pauses.of_merchant(&envelope.merchant) else { return Ok(false) };
        let unread = NewPausedMessage {
            kind: envelope.kind.as_str(),
            merchant: &envelope.merchant,
            order_id: order_in_form(&envelope.form, envelope.charset),
            ..of_delivery(pause_id, delivery)
        };
        match paused_message::insert(self.connection, vec![unread]).map_err(BatchError::from) {
            // A body that the database does not take would hold up all others.
            Err(failure) if failure.may_be_one_messages() => return Ok(false),
            inserted => inserted?,
        }
        retry_copies::remove_unreadable(self.connection, delivery)?;
        self.set_outcome(at, Outcome::Paused);
        Ok(true)
    }
}

fn row<'a>(
    pause_id: i64,
    received: &'a ReceivedMessage,
    message: &'a InboundMessage,
) -> NewPausedMessage<'a> {
    NewPausedMessage {
        message_id: &message.message_id,
        kind: message.kind.as_str(),
        merchant: &message.account.merchant,
        order_id: message.order_id(),
        ..of_delivery(pause_id, received)
    }
}

/// What every delivery says, whether it can be read or not.
fn of_delivery(pause_id: i64, received: &ReceivedMessage) -> NewPausedMessage<'_> {
    let headers = &received.headers;
    NewPausedMessage {
        pause_id,
        message_id: &received.message_id,
        body_digest: base16ct::lower::encode_string(&Sha256::digest(&received.body)),
        body: &received.body,
        kind: "",
        merchant: "",
        order_id: None,
        attempt: i32::try_from(headers.attempt).unwrap_or(i32::MAX),
        was_dead: headers.was_dead(),
        first_seen: headers.first_seen,
        traceparent: headers.traceparent.as_deref(),
        tracestate: headers.tracestate.as_deref(),
    }
}

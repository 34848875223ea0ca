//! Messages that become dead letters one by one.

use queue::ReceivedMessage;
use store::{MysqlConnection, notification};
use tracing::{error, warn};

use super::acknowledge::{dead, message_for};
use super::attempt::BatchAttempt;
use super::recorded::RowInInbox;
use crate::batch::{self, BatchError, Outcome, Rules, retry_copies};
use crate::message::{InboundMessage, Rejection};

impl BatchAttempt<'_> {
    /// A message was rejected before, and its dead letter was removed together with the whole queue: it becomes a dead letter again.
    pub(super) fn dead_letter_again(
        &mut self,
        at: usize,
        message: &InboundMessage,
    ) -> Result<(), BatchError> {
        warn!(
            message_id = message.message_id,
            "alipay.dead was emptied by another program than ops: a message that is rejected again becomes a letter again"
        );
        notification::clear_dead_since(self.connection, &[message.key()])?;
        self.run(&[at], std::slice::from_ref(message))
    }

    /// A message that the database refuses alone while it takes other writes: it must not delay the others.
    pub(super) fn set_aside(
        &mut self,
        received: &ReceivedMessage,
        message: &InboundMessage,
        rejection: Rejection,
    ) -> Result<Outcome, BatchError> {
        let outcome = Outcome::DatabaseRefuses(rejection.clone());
        if outcome.retry_tier(message.attempt).is_none() {
            error!(
                message_id = message.message_id,
                error = rejection.error,
                "the database refused a message after its last retry"
            );
            return self.dead_letter(received, message, rejection);
        }
        retry_copies::write(self.connection, std::iter::once((message, &outcome)))?;
        let retry = message_for(received, message, &outcome).into_iter().collect();
        if self.context.publish(retry)?.is_empty() {
            return Ok(outcome);
        }
        retry_copies::remove(self.connection, &[message])?;
        Ok(Outcome::Held)
    }

    /// Makes the message that causes the failure a dead letter, with a row in the inbox if the inbox can hold it. Nothing of its content
    /// is applied.
    pub(super) fn dead_letter(
        &mut self,
        received: &ReceivedMessage,
        message: &InboundMessage,
        rejection: Rejection,
    ) -> Result<Outcome, BatchError> {
        let context = self.context;
        let mut unreadable = message.clone();
        unreadable.content = Err(rejection.clone());
        let letter = dead(received, &rejection, Some(message));
        let publish = |connection: &mut MysqlConnection, _: &[Outcome]| {
            context.publish_recorded(connection, vec![letter.clone()], RowInInbox::Written)
        };
        let rules = Rules { events: false, ..Rules::of(&context.config) };
        match batch::run(self.connection, &[unreadable], rules, publish) {
            Ok(outcomes) if outcomes.contains(&Outcome::Held) => Ok(Outcome::Held),
            Ok(_) => Ok(Outcome::Rejected(rejection)),
            Err(failure) if !failure.may_be_one_messages() => Err(failure),
            Err(_) => context.publish_dead(self.connection, letter.clone(), rejection),
        }
    }
}

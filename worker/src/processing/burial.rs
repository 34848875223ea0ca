//! Messages that become dead letters one by one.

use order::RejectionReason;
use queue::Received;
use queue::topology::RetryTier;
use store::{notification, redelivery};
use tracing::{error, warn};

use super::Processing;
use crate::batch::{self, BatchError, Rules};
use crate::incoming::Incoming;
use crate::settle::{dead, message_for};
use crate::verdict::{Never, Verdict};
use crate::{retry_copies, unrecorded};

impl Processing {
    /// A message was rejected before, and its letter is gone with all others of the queue: it is a letter again.
    pub(super) fn bury_again(
        &self,
        connection: &mut store::MysqlConnection,
        received: &[Received],
        at: usize,
        incoming: &Incoming,
        verdicts: &mut [Option<Verdict>],
    ) -> Result<(), BatchError> {
        warn!(
            message_id = incoming.message_id,
            "alipay.dead was emptied by another tool than ops: what is rejected again is a letter again"
        );
        notification::removed(connection, &[incoming.key()])?;
        self.run(connection, received, &[at], std::slice::from_ref(incoming), verdicts)
    }

    /// A message that failed alone, for a reason that is not known to be the data's: a trigger, key or
    /// check of the shop's, or an error of a kind that was never met. If the database takes other
    /// writes, it is this message that fails, and it must not hold up the others.
    pub(super) fn set_aside(
        &self,
        connection: &mut store::MysqlConnection,
        message: &Received,
        incoming: &Incoming,
        failure: BatchError,
    ) -> Result<Verdict, BatchError> {
        if redelivery::probe(connection).is_err() {
            return Err(failure);
        }
        let never = Never::new(RejectionReason::DatabaseRefuses, failure);
        if RetryTier::after(message.headers.attempt).is_none() {
            error!(
                message_id = incoming.message_id,
                error = never.error,
                "the database refused a message to the last"
            );
            return self.bury(connection, message, incoming, never);
        }
        let verdict = Verdict::Refused(never);
        retry_copies::book(connection, std::iter::once((incoming, &verdict)))?;
        let retry = message_for(message, incoming, &verdict).into_iter().collect();
        if self.publish(retry)?.is_empty() {
            return Ok(verdict);
        }
        retry_copies::unbook(connection, &[incoming])?;
        Ok(Verdict::Held)
    }

    /// The guilty message, alone: a dead letter, recorded in the inbox if the inbox can hold it. Of
    /// what it says nothing is worked on.
    pub(super) fn bury(
        &self,
        connection: &mut store::MysqlConnection,
        message: &Received,
        incoming: &Incoming,
        never: Never,
    ) -> Result<Verdict, BatchError> {
        let mut guilty = incoming.clone();
        guilty.content = Err(never.clone());
        let publish = |_: &[Verdict]| self.publish(vec![dead(message, &never, Some(incoming))]);
        let rules = Rules { events: false, ..Rules::of(&self.config) };
        match batch::run(connection, &[guilty], rules, publish) {
            Ok(found) if found.contains(&Verdict::Held) => Ok(Verdict::Held),
            Ok(_) => Ok(Verdict::Never(never)),
            Err(failure) if !failure.may_be_one_messages() => Err(failure),
            Err(_) => {
                unrecorded::write_down(connection, message, &never, Some(incoming))?;
                self.publish_dead(message, never, Some(incoming))
            }
        }
    }

    /// A dead letter of a message that no transaction is about. Its order has been told of it before: a crash
    /// in between repeats both.
    pub(super) fn publish_dead(
        &self,
        message: &Received,
        never: Never,
        incoming: Option<&Incoming>,
    ) -> Result<Verdict, BatchError> {
        let refused = self.publish(vec![dead(message, &never, incoming)])?;
        Ok(if refused.is_empty() { Verdict::Never(never) } else { Verdict::Held })
    }
}

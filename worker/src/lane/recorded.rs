//! Publishes with a row for each dead letter (table `dead_letter`).

use diesel::Connection as _;
use queue::Message;
use store::dead_letter::{self, NewDeadLetter};
use store::{MysqlConnection, StoreError};
use tracing::error;

use crate::batch::{BatchError, Outcome};
use crate::context::WorkerContext;
use crate::dead_letter::row_of;
use crate::message::Rejection;

/// Whether the inbox has a row that says that a message was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowInInbox {
    /// The same transaction has written it.
    Written,
    /// There is none: nobody can read the message, or it kills the worker that writes the row.
    Missing,
}

/// Why the rows were rolled back.
enum RolledBack {
    Failed(BatchError),
    /// The broker refused these: their queue is full.
    Refused(Vec<usize>),
}

impl From<BatchError> for RolledBack {
    fn from(error: BatchError) -> RolledBack {
        RolledBack::Failed(error)
    }
}

impl From<diesel::result::Error> for RolledBack {
    fn from(error: diesel::result::Error) -> RolledBack {
        RolledBack::Failed(error.into())
    }
}

impl WorkerContext {
    /// Publishes, and returns the places of those that the broker refused. The rows of dead letters are written before, so that
    /// nobody moves a letter whose row is not there yet; where the broker refuses a letter, there is no row.
    pub(super) fn publish_recorded(
        &self,
        connection: &mut MysqlConnection,
        messages: Vec<Message>,
        inbox: RowInInbox,
    ) -> Result<Vec<usize>, BatchError> {
        let mut letters: Vec<(usize, NewDeadLetter)> = messages
            .iter()
            .enumerate()
            .filter(|(_, message)| message.is_dead())
            .map(|(at, message)| (at, row(message, inbox)))
            .collect();
        if letters.is_empty() {
            return Ok(self.publish(messages)?);
        }
        let published = connection.transaction(|connection| {
            write(connection, &letters).map_err(BatchError::from)?;
            match self.publish(messages).map_err(BatchError::from)? {
                refused if refused.is_empty() => Ok(refused),
                refused => Err(RolledBack::Refused(refused)),
            }
        });
        match published {
            Ok(none) => Ok(none),
            Err(RolledBack::Failed(error)) => Err(error),
            Err(RolledBack::Refused(refused)) => {
                letters.retain(|(at, _)| !refused.contains(at));
                write(connection, &letters)?;
                Ok(refused)
            }
        }
    }

    /// Publishes a dead letter without a row in the inbox, in a transaction of its own. The last resort: where the database refuses the
    /// letter's own row, there is none until `ops dlq sync`, and the lane goes on.
    pub(super) fn publish_dead(
        &self,
        connection: &mut MysqlConnection,
        letter: Message,
        rejection: Rejection,
    ) -> Result<Outcome, BatchError> {
        let recorded = self.publish_recorded(connection, vec![letter.clone()], RowInInbox::Missing);
        let refused = match recorded {
            Err(failure) if failure.may_be_one_messages() => {
                error!(
                    message_id = letter.message_id,
                    error = %failure,
                    "the database refuses the row of a dead letter: it is in the queue alone"
                );
                self.publish(vec![letter])?
            }
            recorded => recorded?,
        };
        Ok(if refused.is_empty() { Outcome::Rejected(rejection) } else { Outcome::Held })
    }
}

fn row(message: &Message, inbox: RowInInbox) -> NewDeadLetter {
    let is_recorded = inbox == RowInInbox::Written;
    row_of(&message.message_id, &message.headers, &message.body, is_recorded)
}

/// Writes the rows, sorted by their ids: several lanes write at once.
fn write(
    connection: &mut MysqlConnection,
    letters: &[(usize, NewDeadLetter)],
) -> Result<(), StoreError> {
    let mut rows: Vec<NewDeadLetter> = letters.iter().map(|(_, row)| row.clone()).collect();
    rows.sort_by(|a, b| a.message_id.cmp(&b.message_id));
    dead_letter::write(connection, &rows)
}

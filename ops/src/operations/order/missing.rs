//! What is known of an order that is not there.

use chrono::Utc;
use order::MessageOutcome;
use serde::Serialize;
use store::dead_letter::{self, UnrecordedLetter};
use store::redelivery::{self, RedeliveryRow};
use store::retry_copy::{self, WaitingCopy};
use store::{BeijingTime, MysqlConnection, notification};

use crate::failure::Failure;
use crate::operations::dead_letter::NO_REASON;
use crate::operations::order::details::{StoryMessage, removed_before};
use crate::operations::order::next_step::of_rejection;
use crate::operations::order::story::{StoryEvent, in_retry_tiers};
use crate::plural;

/// An order number that messages name and that no row has.
#[derive(Serialize)]
pub(crate) struct MissingOrder {
    id: String,
    exists: bool,
    /// Messages that wait for it in a retry tier.
    retries: Vec<WaitingCopy>,
    /// Messages that named it and came to an end.
    story: Vec<StoryMessage>,
    /// Dead letters that name it and have no line in `story`.
    unrecorded_letters: Vec<UnrecordedLetter>,
    /// Messages that name it and were redelivered without an acknowledgement.
    came_back: Vec<RedeliveryRow>,
    /// Messages from before this are not all there.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_before: Option<BeijingTime>,
}

impl MissingOrder {
    pub(crate) fn read(
        connection: &mut MysqlConnection,
        id: &str,
    ) -> Result<MissingOrder, Failure> {
        Ok(MissingOrder {
            id: id.to_owned(),
            exists: false,
            retries: retry_copy::of_order(connection, id)?,
            story: notification::of_order(connection, id, &[])?
                .into_iter()
                .map(|line| StoryMessage::new(line, id))
                .collect(),
            unrecorded_letters: dead_letter::of_order(connection, id)?,
            came_back: redelivery::of_order(connection, id)?,
            removed_before: removed_before(connection)?,
        })
    }

    /// In a few lines.
    pub(crate) fn text(&self) -> String {
        let id = &self.id;
        let mut lines = vec![match self.retries.len() {
            0 => format!("there is no order {id}"),
            1 => format!("there is no order {id}; 1 message waits for it in a retry tier"),
            several => {
                format!("there is no order {id}; {several} messages wait for it in retry tiers")
            }
        }];
        lines.extend(in_retry_tiers(&self.retries, Utc::now()));
        let rejected: Vec<&StoryMessage> = self
            .story
            .iter()
            .filter(|message| message.outcome == MessageOutcome::Rejected)
            .collect();
        if let (Some(first), Some(last)) = (rejected.first(), rejected.last()) {
            let count = rejected.len();
            let reason = last.reason.as_deref().unwrap_or(NO_REASON);
            let since = first.received_at;
            lines.push(format!(
                "{} {} rejected that named it, the first received at {since}, the last as {reason}: \
                 `ops dlq list --order {id}`",
                plural::count(count, "message"),
                plural::verb(count, "was", "were")
            ));
            lines.push(format!("next: {}", of_rejection(reason, id, last.trade_no.as_deref())));
        }
        for letter in &self.unrecorded_letters {
            lines.push(format!(
                "{}  {}: `ops dlq list --order {id}`",
                letter.died_at,
                StoryEvent::LetterDied(letter).english()
            ));
        }
        lines.extend(
            self.came_back.iter().map(|came| {
                format!("{}  {}", came.last_seen, StoryEvent::CameBack(came).english())
            }),
        );
        let removed = self.removed_before.iter();
        lines.extend(removed.map(|at| format!("{at}  {}", StoryEvent::RowsRemoved.english())));
        lines.join("\n")
    }
}

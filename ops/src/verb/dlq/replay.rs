//! `ops dlq replay`

use std::collections::BTreeSet;

use clap::Args;
use queue::Received;
use serde::Serialize;
use store::dead_letter_audit::Action;

use crate::context::Context;
use crate::dead_letter::filter::Filter;
use crate::dead_letter::record::record;
use crate::dead_letter::replay::replay;
use crate::dead_letter::{DeadLetter, is_meant};
use crate::dead_queue::DeadQueue;
use crate::dry_run::{Foreseen, Source, foresee, foreseen_table};
use crate::failure::Failure;
use crate::operator::Operator;

/// Letters that a dry run looks at.
const FORESEEN: u32 = 100_000;

/// Send dead letters back to work, with attempt 0
///
/// Each is published, confirmed by the broker, put on record (ops dlq history) and only then removed from
/// the dead letters: an interrupted replay loses nothing, and repeating it is harmless. A letter whose
/// cause is still there dies again. All letters that are there at the start are met once.
///
/// --dry-run runs the worker's own code for them, rolls it back, and prints what would change. --limit 1
/// replays one of many, to see what happens.
///
/// Example: ops dlq replay --reason order_not_found --dry-run
/// Example: ops dlq replay MESSAGE_ID
#[derive(Args)]
#[command(verbatim_doc_comment)]
#[group(skip)]
pub(crate) struct Replay {
    /// Only these, with all their copies; the first 12 characters are enough
    #[arg(value_name = "MESSAGE_ID")]
    ids: Vec<String>,
    /// The same as MESSAGE_ID
    #[arg(long = "id", value_name = "MESSAGE_ID", hide = true)]
    more_ids: Vec<String>,
    /// All of them
    #[arg(long, conflicts_with_all = ["ids", "more_ids", "reason", "order", "merchant", "since"])]
    all: bool,
    #[command(flatten)]
    filter: Filter,
    /// The most to replay
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Serialize)]
struct Replayed {
    replayed: usize,
}

#[derive(Serialize)]
struct DryRun {
    letters: usize,
    would_change: usize,
    would_die_again: usize,
    foreseen: Vec<Foreseen>,
}

impl Replay {
    pub(crate) fn run(mut self, context: &Context) -> Result<(), Failure> {
        self.ids.append(&mut self.more_ids);
        let Filter { reason, order, merchant, since } = &self.filter;
        let filtered = reason.is_some() || order.is_some() || merchant.is_some() || since.is_some();
        if self.ids.is_empty() && !filtered && !self.all {
            return Err(Failure::Usage(
                "say which: MESSAGE_ID, --reason, --order, --merchant, --since or --all".to_owned(),
            ));
        }
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut missing: BTreeSet<String> = self.ids.iter().cloned().collect();
        let ids = missing.clone();
        let wanted = |received: &Received| {
            (ids.is_empty() || ids.iter().any(|id| is_meant(id, &received.message_id)))
                && self.filter.takes(&DeadLetter::from(received))
        };
        if self.dry_run {
            let letters = context.block_on(async {
                let mut queue = DeadQueue::open(&context.broker()?).await?;
                let letters = queue.take(FORESEEN).await?;
                queue.close().await?;
                Ok(letters)
            })?;
            let mut letters: Vec<Received> =
                letters.into_iter().filter(|received| wanted(received)).collect();
            letters.sort_by_key(|letter| letter.headers.first_seen);
            letters.truncate(limit);
            for letter in &letters {
                missing.retain(|id| !is_meant(id, &letter.message_id));
            }
            dry_run(context, letters)?;
        } else {
            let mut result = Replayed { replayed: 0 };
            // What cannot be put on record is not replayed.
            let mut database = context.database()?;
            let by = self.operator.name_or_unknown()?;
            let note = self.note.as_deref();
            let mut done = |round: &[&Received]| {
                tokio::task::block_in_place(|| {
                    record(&mut database, Action::Replayed, round, by, note)
                })?;
                result.replayed += round.len();
                for received in round {
                    missing.retain(|id| !is_meant(id, &received.message_id));
                }
                Ok(())
            };
            let replayed = context.block_on(replay(&context.broker()?, limit, wanted, &mut done));
            // Also after a failure: so many did go back.
            context.output.print(&result, || format!("replayed {}", result.replayed))?;
            replayed?;
        }
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<String> = missing.into_iter().collect();
        Err(Failure::No(format!("there is no dead letter {}", missing.join(", "))))
    }
}

fn dry_run(context: &Context, letters: Vec<Received>) -> Result<(), Failure> {
    let foreseen = foresee(&mut *context.database()?, &context.config, letters, Source::Queue)?;
    let result = DryRun {
        letters: foreseen.len(),
        would_change: foreseen.iter().filter(|one| one.outcome == "applied").count(),
        would_die_again: foreseen.iter().filter(|one| one.outcome == "rejected").count(),
        foreseen,
    };
    context.output.print(&result, || {
        format!(
            "{}\n\n{} letters: {} would change something, {} would die again; nothing was changed",
            foreseen_table(&result.foreseen),
            result.letters,
            result.would_change,
            result.would_die_again
        )
    })
}

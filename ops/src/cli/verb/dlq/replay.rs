//! `ops dlq replay`

mod output;

use clap::Args;

use super::filter::FilterArgs;
use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::dead_letter::filter::{LetterFilter, SelectedLetters};
use crate::operations::dead_letter::replay_selected::{
    ReplayOptions, foresee_selected, replay_selected,
};

/// Send dead letters back to work, with attempt 0
///
/// Each is published, confirmed by the broker, put on record (ops dlq history) and only then removed from
/// the dead letters: an interrupted replay loses nothing, and repeating it is harmless. A letter whose
/// cause is still there dies again. All letters that are there at the start are met once. An id stands for
/// all its copies: repeats of one notification have one id.
///
/// Then it waits for the workers and says what became of each: for 10 s without news, at most 2 minutes;
/// --no-wait ends before that.
///
/// --dry-run runs the worker's own code for them, rolls it back, and prints what would change. --limit 1
/// replays one of many, to see what happens.
///
/// Letters of messages that killed workers (kills_workers) are left out, since a replay kills workers again. With
/// --even-if-it-kills-workers they are replayed too. Together with --dry-run that is a safe test: this command
/// dies instead of a worker, and nothing is changed.
///
/// Ends with 0 when all letters that are meant went back and none has died again (one that no worker has come to
/// yet is told), 1 when there was none, when some were left out, or when one died again (with --dry-run: would die).
///
/// Example: ops dlq replay --reason order_not_found --dry-run
/// Example: ops dlq replay MESSAGE_ID
#[derive(Args)]
#[command(verbatim_doc_comment)]
#[group(skip)]
pub(crate) struct ReplayArgs {
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
    filter: FilterArgs,
    /// The most to replay
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
    /// Replay letters of messages that killed workers too
    #[arg(long)]
    even_if_it_kills_workers: bool,
    /// Do not wait for the workers
    #[arg(long, conflicts_with = "dry_run")]
    no_wait: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

impl ReplayArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = LetterFilter::from(self.filter);
        let selected = SelectedLetters {
            ids: self.ids.into_iter().chain(self.more_ids).collect(),
            filter,
            even_if_deadly: self.even_if_it_kills_workers,
            ..SelectedLetters::default()
        };
        if selected.ids.is_empty() && selected.filter.is_empty() && !self.all {
            return Err(Failure::Usage(
                "say which: MESSAGE_ID, --reason, --order, --merchant, --since or --all".to_owned(),
            ));
        }
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        if self.dry_run {
            let foreseen = foresee_selected(context, selected, limit)?;
            context.output.print(&foreseen, || output::foreseen_text(&foreseen))?;
            return foreseen.ended;
        }
        let options = ReplayOptions {
            limit,
            waits: !self.no_wait,
            by: self.operator.name_or_unknown()?,
            note: self.note.as_deref(),
        };
        let result = replay_selected(context, selected, &options)?;
        context.output.print(&result, || output::text(&result))?;
        result.ended
    }
}

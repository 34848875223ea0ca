//! `ops dlq replay`

mod output;

pub(in crate::cli::verb) use output::text;

use std::num::NonZeroU32;

use clap::Args;
use order::OperatorAction;
use serde_json::json;
use store::dead_letter::LetterSearch;

use super::filter::FilterArgs;
use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::dead_letter::ramp::{Percent, Ramp};
use crate::operations::dead_letter::replay_selected::{
    ReplayOptions, dry_run_selected, replay_selected,
};
use crate::operations::dead_letter::selection::SelectedLetters;
use crate::operations::letter_acts::letter_act;

/// Send dead letters back to the workers, with attempt 0
///
/// Each letter is published, confirmed by the broker, recorded (`ops dlq history`) and only then removed from
/// the dead letters: an interrupted replay loses nothing, and you can repeat it. A letter whose cause still
/// exists dies again. All letters that exist at the start are processed once. An id stands for all copies of a
/// message: repeats of one notification have the same id.
///
/// Then it waits for the workers and prints the result of each letter: until nothing new comes for 10 s, at most
/// 2 minutes. With --no-wait it does not wait.
///
/// --ramp replays step by step: 1 letter, 10, 100, then 1,000 at a time. After each step it waits for the workers, and stops
/// by itself when more than --stop-at of the step died again or wait in a retry tier, or when no worker has come to some. Repeat the same command
/// to go on: what went back is not selected any more.
///
/// --dry-run runs the worker's own code for the letters, rolls it back, and prints what would change. --limit 1
/// replays one of many, as a test.
///
/// Letters of messages that killed workers (kills_workers) are left out, since a replay kills workers again. With
/// --even-if-it-kills-workers they are replayed too. Together with --dry-run this is a safe test: this command
/// crashes instead of a worker, and nothing is changed.
///
/// Exits with 0 if all chosen letters were sent back and none has died again (those that no worker has processed
/// yet are named), 1 if there was none, if some were left out, or if one died again (with --dry-run: would die).
///
/// Example: ops dlq replay --reason order_not_found --dry-run
/// Example: ops dlq replay --reason total_mismatch --ramp --rate 50 --stop-at 5%
/// Example: ops dlq replay MESSAGE_ID
#[derive(Args)]
#[command(verbatim_doc_comment)]
#[group(skip)]
pub(crate) struct ReplayArgs {
    /// Only these messages, with all their copies; the first 12 characters of an id are enough
    #[arg(value_name = "MESSAGE_ID")]
    ids: Vec<String>,
    /// The same as MESSAGE_ID
    #[arg(long = "id", value_name = "MESSAGE_ID", hide = true)]
    more_ids: Vec<String>,
    /// All letters
    #[arg(long, conflicts_with_all = [
        "ids", "more_ids", "reason", "order", "trade_no", "merchant", "since", "until", "fingerprint", "text",
    ])]
    all: bool,
    #[command(flatten)]
    filter: Box<FilterArgs>,
    /// The most to replay
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
    /// Only print what would change
    #[arg(long)]
    dry_run: bool,
    /// Also replay letters of messages that killed workers
    #[arg(long)]
    even_if_it_kills_workers: bool,
    /// Do not wait for the workers
    #[arg(long, conflicts_with = "dry_run")]
    no_wait: bool,
    /// Step by step, stopping by itself when letters die again
    #[arg(long, conflicts_with_all = ["dry_run", "no_wait"])]
    ramp: bool,
    /// With --ramp: at most so many letters a second
    #[arg(long, value_name = "LETTERS", requires = "ramp")]
    rate: Option<NonZeroU32>,
    /// With --ramp: stop when a larger part of a step dies again; default: 5%
    #[arg(long, value_name = "PERCENT", requires = "ramp")]
    stop_at: Option<Percent>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

impl ReplayArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let ids = self.ids.into_iter().chain(self.more_ids).collect();
        let search = LetterSearch { ids, ..(*self.filter).into() };
        if search.is_everything() && !self.all {
            return Err(Failure::Usage(
                "say which: MESSAGE_ID, --reason, --order, --merchant, --since, another filter or --all".to_owned(),
            ));
        }
        let selected = SelectedLetters { search, even_if_poison: self.even_if_it_kills_workers };
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        if self.dry_run {
            let dry_run = dry_run_selected(context, &selected, limit)?;
            context.output.print(&dry_run, || output::dry_run_text(&dry_run))?;
            return dry_run.ended;
        }
        let options = ReplayOptions {
            limit,
            waits: !self.no_wait,
            ramp: self
                .ramp
                .then(|| Ramp { rate: self.rate, stop_at: self.stop_at.unwrap_or_default() }),
            by: self.operator.name_or_unknown()?,
            note: self.note.as_deref(),
        };
        let act = letter_act(
            Actor::of_verb(Some(options.by)),
            OperatorAction::ReplayLetters,
            &selected,
            options.note,
        );
        let result = context.recorded(&act, |change| {
            let result = replay_selected(context, &selected, &options)?;
            change.to(json!({ "replayed": result.replayed }));
            change.ended(&result.ended);
            Ok(result)
        })?;
        context.output.print(&result, || output::text(&result))?;
        result.ended
    }
}

//! `ops dlq replay`

mod output;

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use queue::ReceivedMessage;
use serde::Serialize;
use store::dead_letter::history::Action;

use self::output::{Fates, ReplayOutput};
use super::filter::FilterArgs;
use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::cli::output::{or_empty, table};
use crate::cli::terminal::short_id;
use crate::failure::Failure;
use crate::operations::dead_letter::aftermath::Aftermath;
use crate::operations::dead_letter::deadly::{DeadlyLetters, is_deadly};
use crate::operations::dead_letter::filter::Filter;
use crate::operations::dead_letter::not_there::not_there;
use crate::operations::dead_letter::record::record;
use crate::operations::dead_letter::rehearsal::Rehearsal;
use crate::operations::dead_letter::replay::{ReplayStep, dead_since, replay};
use crate::operations::dead_letter::{DeadLetter, is_meant};
use crate::operations::dry_run::{Foreseen, ForeseenOutcome, because, foresee_letters};
use crate::plural::count;

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

#[derive(Serialize)]
struct DryRun {
    letters: usize,
    /// Letters that are selected; more than `letters` where there are too many, or copies.
    meant: usize,
    looked_at: u32,
    there: u32,
    would_change: usize,
    would_die_again: usize,
    /// Letters that match and are left out: their messages killed workers.
    left_out: usize,
    foreseen: Vec<Foreseen>,
}

impl ReplayArgs {
    pub(crate) fn run(mut self, context: &Context) -> Result<(), Failure> {
        self.ids.append(&mut self.more_ids);
        let filter = Filter::from(self.filter);
        if self.ids.is_empty() && filter.is_empty() && !self.all {
            return Err(Failure::Usage(
                "say which: MESSAGE_ID, --reason, --order, --merchant, --since or --all".to_owned(),
            ));
        }
        let limit = self.limit.map_or(usize::MAX, |limit| limit as usize);
        let mut missing: BTreeSet<String> = self.ids.iter().cloned().collect();
        let ids = missing.clone();
        let left_out = DeadlyLetters::default();
        let wanted = |received: &ReceivedMessage| {
            let letter = DeadLetter::from(received);
            let meant = (ids.is_empty() || ids.iter().any(|id| is_meant(id, &letter.id)))
                && filter.takes(&letter);
            if meant && is_deadly(&letter) && !self.even_if_it_kills_workers {
                left_out.add(&letter.id);
                return false;
            }
            meant
        };
        let mut no = Vec::new();
        if self.dry_run {
            let reading = async { Rehearsal::read(&context.broker()?, limit, wanted).await };
            let rehearsal = context.block_on(reading)?;
            let matching = rehearsal.meant + left_out.letters();
            context.check_filter(filter.merchant.as_deref(), matching)?;
            for letter in &rehearsal.letters {
                missing.retain(|id| !is_meant(id, &letter.message_id));
            }
            no.extend(dry_run(context, rehearsal, left_out.letters())?);
        } else {
            let mut replayed = 0;
            let mut copies: BTreeMap<String, usize> = BTreeMap::new();
            // What cannot be put on record is not replayed.
            let mut database = context.database()?;
            let by = self.operator.name_or_unknown()?;
            let note = self.note.as_deref();
            let mut aftermath = Aftermath::new(&context.config);
            let mut told = |step: ReplayStep, round: &[&ReceivedMessage]| {
                tokio::task::block_in_place(|| match step {
                    ReplayStep::Before if self.no_wait => Ok(()),
                    ReplayStep::Before => Ok(aftermath.before(&mut database, round)?),
                    ReplayStep::Confirmed => {
                        record(&mut database, &context.config, Action::Replayed, round, by, note)
                    }
                })?;
                if step == ReplayStep::Confirmed {
                    aftermath.published(round);
                    replayed += round.len();
                    for received in round {
                        if !ids.is_empty() {
                            *copies.entry(received.message_id.clone()).or_default() += 1;
                        }
                        missing.retain(|id| !is_meant(id, &received.message_id));
                    }
                }
                Ok(())
            };
            let ended = context.block_on(replay(&context.broker()?, limit, wanted, &mut told));
            // Also after a failure: so many did go back.
            let fates = if self.no_wait || replayed == 0 {
                None
            } else {
                aftermath.wait(&mut database, |since, ids| {
                    context.block_on(async { dead_since(&context.broker()?, since, ids).await })
                })?;
                Some(Fates::of(&aftermath))
            };
            no.extend(fates.as_ref().filter(|fates| fates.dead_again > 0).map(|fates| {
                let dead = fates.dead_again;
                format!("{dead} of {replayed} died again: {}", fates.reasons())
            }));
            copies.retain(|_, count| *count > 1);
            let sent = ReplayOutput { replayed, left_out: left_out.letters(), copies, fates };
            context.output.print(&sent, || sent.text())?;
            ended?;
            context.check_filter(filter.merchant.as_deref(), replayed + left_out.letters())?;
            if replayed == 0 && left_out.letters() == 0 && ids.is_empty() {
                no.push("no dead letter matches: nothing was replayed".to_owned());
            }
        }
        let kept = left_out.ids();
        missing.retain(|id| !kept.iter().any(|kept| is_meant(id, kept)));
        no.extend(left_out.told());
        if !missing.is_empty() {
            no.push(not_there(context, &missing));
        }
        if no.is_empty() { Ok(()) } else { Err(Failure::Refused(no.join("\n"))) }
    }
}

/// Prints what would change, and returns why the answer is no.
fn dry_run(
    context: &Context,
    rehearsal: Rehearsal,
    left_out: usize,
) -> Result<Option<String>, Failure> {
    let Rehearsal { letters, meant, looked } = rehearsal;
    let tried = letters.len();
    let foreseen = foresee_letters(&mut *context.database()?, &context.config, letters)?;
    let result = DryRun {
        letters: foreseen.len(),
        meant,
        looked_at: looked.at,
        there: looked.of,
        would_change: ForeseenOutcome::Applied.count(&foreseen),
        would_die_again: ForeseenOutcome::Rejected.count(&foreseen),
        left_out,
        foreseen,
    };
    let (letters, dying) = (result.letters, result.would_die_again);
    context.output.print(&result, || {
        let part = match tried < meant {
            true => format!("\nthese are {tried} of {meant} letters that match"),
            false => String::new(),
        };
        format!(
            "{}\n\n{}: {} would change something, {} would die again; nothing was changed{part}",
            foreseen_table(&result.foreseen),
            count(result.letters, "letter"),
            result.would_change,
            result.would_die_again
        )
    })?;
    Ok(match (letters + left_out, dying) {
        (0, _) => Some("no dead letter matches: nothing would be replayed".to_owned()),
        (_, 0) => None,
        (_, dying) => Some(format!("{dying} of {letters} would die again: mend the cause first")),
    })
}

fn foreseen_table(foreseen: &[Foreseen]) -> String {
    table(
        ["id", "order", "would", "because"],
        foreseen
            .iter()
            .map(|one| [short_id(&one.id), or_empty(one.order.as_ref()), would(one), because(one)]),
    )
}

fn would(one: &Foreseen) -> String {
    let word = match one.outcome {
        ForeseenOutcome::Applied => "be applied",
        ForeseenOutcome::Unchanged => "change nothing",
        ForeseenOutcome::Unknown => "change nothing: an unknown trade status",
        ForeseenOutcome::Rejected => "die again",
        ForeseenOutcome::NoOrderYet => "wait: the order is not there yet",
        ForeseenOutcome::Locked => "be worked on: somebody has the order locked now, ask again",
    };
    word.to_owned()
}

//! Replays what an operator selects, or runs it dry.

use std::collections::BTreeMap;

use serde::Serialize;

use super::dry_run::{DryRun, dry_run};
use super::not_there::not_there;
use super::ramp::{Ramp, RampProgress, ramp_up};
use super::replay::Replay;
use super::replay_outcome::{ReplayOutcome, ReplayWait, Replayed};
use super::selection::{SelectedLetters, Selection};
use super::short;
use super::sync::warn_if_queue_differs;
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dry_run::{DryRunOutcome, DryRunResult};
use crate::operations::is_zero;
use crate::plural::count;
use crate::progress::bar;

/// Letters that are in the result.
const LISTED: usize = 1000;

/// Letters that were sent back, and their outcome.
#[derive(Serialize)]
pub(crate) struct ReplayResult {
    /// Letters: an id stands for all its copies.
    pub(crate) replayed: usize,
    /// Letters that match and were left out: their messages killed workers.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
    /// Of ids that were named: how many letters had one, where several had.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) copies: BTreeMap<String, usize>,
    #[serde(flatten)]
    pub(crate) outcomes: Option<ReplayOutcomes>,
    /// The steps of a ramp.
    #[serde(flatten)]
    pub(crate) ramp: Option<RampProgress>,
    /// Whether all went back that were meant, and none died again.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

/// How many letters had which outcome.
#[derive(Serialize)]
pub(crate) struct ReplayOutcomes {
    pub(crate) applied: usize,
    pub(crate) unchanged: usize,
    pub(crate) unknown: usize,
    pub(crate) dead_again: usize,
    pub(crate) dead_again_by_reason: BTreeMap<String, usize>,
    /// In a retry tier.
    pub(crate) retrying: usize,
    /// No worker has handled them yet.
    pub(crate) waiting: usize,
    /// At most 1,000, those with which something is left to do first.
    pub(crate) letters: Vec<Replayed>,
}

impl From<ReplayWait> for ReplayOutcomes {
    fn from(wait: ReplayWait) -> ReplayOutcomes {
        ReplayOutcomes {
            applied: wait.count(ReplayOutcome::Applied),
            unchanged: wait.count(ReplayOutcome::Unchanged),
            unknown: wait.count(ReplayOutcome::Unknown),
            dead_again: wait.count(ReplayOutcome::DeadAgain),
            dead_again_by_reason: wait.reasons(),
            retrying: wait.count(ReplayOutcome::Retrying),
            waiting: wait.count(ReplayOutcome::Waiting),
            letters: wait.into_letters(LISTED),
        }
    }
}

impl ReplayOutcomes {
    /// Adds those of the next step of a ramp.
    fn add(&mut self, next: ReplayOutcomes) {
        self.applied += next.applied;
        self.unchanged += next.unchanged;
        self.unknown += next.unknown;
        self.dead_again += next.dead_again;
        for (reason, count) in next.dead_again_by_reason {
            *self.dead_again_by_reason.entry(reason).or_default() += count;
        }
        self.retrying += next.retrying;
        self.waiting += next.waiting;
        self.letters.extend(next.letters);
        self.letters.sort_by_key(|one| one.outcome);
        self.letters.truncate(LISTED);
    }

    /// Why letters died again, with numbers.
    pub(crate) fn reasons(&self) -> String {
        let reasons = self.dead_again_by_reason.iter();
        reasons.map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
    }
}

/// How selected letters are replayed.
pub(crate) struct ReplayOptions<'a> {
    pub(crate) limit: usize,
    /// Wait for the workers.
    pub(crate) waits: bool,
    /// Step by step, and waiting for each.
    pub(crate) ramp: Option<Ramp>,
    pub(crate) by: &'a str,
    pub(crate) note: Option<&'a str>,
}

/// Sends the selected letters back to the workers, and waits for their outcome.
pub(crate) fn replay_selected(
    access: &Access,
    selected: &SelectedLetters,
    options: &ReplayOptions<'_>,
) -> Result<ReplayResult, Failure> {
    // A letter that cannot be written down is not replayed.
    let mut database = access.database()?;
    let selection = selected.read(&mut database)?;
    let mut replay = Replay {
        cluster: &access.broker()?,
        config: &access.config,
        database,
        by: options.by,
        note: options.note,
        wait: options.waits.then(|| ReplayWait::new(&access.config)),
        rate: options.ramp.and_then(|ramp| ramp.rate),
        replayed: BTreeMap::new(),
    };
    let (walked, outcomes, ramp) = access.block_on(async {
        match options.ramp {
            Some(ramp) => {
                let (limit, mut result) = (options.limit, RampResult::default());
                let bar = bar(selection.copies().min(limit), "letters");
                let walked =
                    replay_by_ramp(&mut replay, &selection, limit, ramp, &mut result, |progress| {
                        bar.set_position(progress.letters() as u64);
                    })
                    .await;
                bar.finish_and_clear();
                Ok((walked, result.outcomes, Some(result.progress)))
            }
            None => {
                let walked = replay.walk(options.limit, &selection).await;
                // Also after a failure: so many did go back.
                Ok((walked, replay.wait().await?.map(ReplayOutcomes::from), None))
            }
        }
    })?;
    let mut copies = replay.replayed;
    let replayed: usize = copies.values().sum();
    let left_out = selection.left_out.letters;
    let ended = walked.and_then(|()| {
        let merchant = selected.search.merchant.as_deref();
        access.check_filter(merchant, replayed + left_out)?;
        let dead_again =
            outcomes.as_ref().filter(|outcomes| outcomes.dead_again > 0).map(|outcomes| {
                format!("{} of {replayed} died again: {}", outcomes.dead_again, outcomes.reasons())
            });
        let stopped = ramp.as_ref().and_then(|ramp| ramp.stopped);
        let left = selection.copies().saturating_sub(replayed);
        let stop = stopped.map(|stop| {
            format!("stopped after {replayed} of {}: {}", replayed + left, stop.words())
        });
        let not_met = (stopped.is_none() && replayed < options.limit)
            .then(|| selection.not_in_queue(|letter| copies.contains_key(&letter.message_id)))
            .flatten();
        let is_nothing = selection.is_empty() && selected.search.ids.is_empty();
        let nothing = is_nothing.then(|| "no dead letter matches: nothing was replayed".to_owned());
        end(access, &selection, stop.into_iter().chain(dead_again).chain(not_met).chain(nothing))
    });
    copies.retain(|_, count| *count > 1 && !selected.search.ids.is_empty());
    Ok(ReplayResult { replayed, left_out, copies, outcomes, ramp, ended })
}

/// What a ramp has done.
#[derive(Default)]
pub(crate) struct RampResult {
    pub(crate) progress: RampProgress,
    pub(crate) outcomes: Option<ReplayOutcomes>,
}

/// Replays by a ramp. `after_step` is told how far it has come; what was done before a failure is in `result`.
pub(crate) async fn replay_by_ramp(
    replay: &mut Replay<'_>,
    selection: &Selection,
    limit: usize,
    ramp: Ramp,
    result: &mut RampResult,
    mut after_step: impl FnMut(&RampProgress),
) -> Result<(), Failure> {
    let RampResult { progress, outcomes } = result;
    ramp_up(replay, selection, limit, ramp, progress, |progress, wait| {
        match outcomes {
            Some(outcomes) => outcomes.add(wait.into()),
            None => *outcomes = Some(wait.into()),
        }
        after_step(progress);
    })
    .await
}

/// What a replay of selected letters would do.
#[derive(Serialize)]
pub(crate) struct ReplayDryRun {
    pub(crate) letters: usize,
    /// Letters that are selected, with their copies; more than `letters` where there is a limit, or copies.
    pub(crate) meant: usize,
    looked_at: i64,
    there: i64,
    pub(crate) would_change: usize,
    pub(crate) would_die_again: usize,
    /// Letters that match and are left out: their messages killed workers.
    left_out: usize,
    #[serde(rename = "foreseen")]
    pub(crate) results: Vec<DryRunResult>,
    /// Letters that were tried, with their copies.
    #[serde(skip)]
    pub(crate) tried: usize,
    /// Whether all were tried that were meant, and none would die again.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

/// Runs the worker's own code for the selected letters, and rolls it back.
pub(crate) fn dry_run_selected(
    access: &Access,
    selected: &SelectedLetters,
    limit: usize,
) -> Result<ReplayDryRun, Failure> {
    let mut database = access.database()?;
    let mut selection = selected.read(&mut database)?;
    let left_out = selection.left_out.letters;
    let there = warn_if_queue_differs(access, &mut database)?;
    let meant = selection.copies();
    access.check_filter(selected.search.merchant.as_deref(), meant + left_out)?;
    selection.letters.truncate(limit);
    let progress = bar(selection.letters.len(), "letters");
    let DryRun { results, without_body } =
        dry_run(&mut database, &access.config, &selection.letters, |tried| {
            progress.set_position(tried as u64);
            Ok(())
        })?;
    progress.finish_and_clear();
    let dying = DryRunOutcome::Rejected.count(&results);
    let no = match (results.len() + left_out, dying) {
        (0, _) => Some("no dead letter matches: nothing would be replayed".to_owned()),
        (_, 0) => None,
        (_, dying) => {
            let letters = results.len();
            Some(format!("{dying} of {letters} would die again: remove the cause first"))
        }
    };
    let not_tried = (!without_body.is_empty()).then(|| {
        let count = count(without_body.len(), "letter");
        format!(
            "{count} could not be tried, for example {}: run `ops dlq sync`, which reads its body",
            short(&without_body[0])
        )
    });
    Ok(ReplayDryRun {
        letters: results.len(),
        meant,
        looked_at: there,
        there,
        would_change: DryRunOutcome::Applied.count(&results),
        would_die_again: dying,
        left_out,
        tried: selection.copies(),
        results,
        ended: end(access, &selection, no.into_iter().chain(not_tried)),
    })
}

/// An error unless there are all letters that were named, and there is no other reason for a no.
fn end(
    access: &Access,
    selection: &Selection,
    no: impl Iterator<Item = String>,
) -> Result<(), Failure> {
    let missing = &selection.missing;
    let not_there = (!missing.is_empty()).then(|| not_there(access, missing));
    let no: Vec<String> = no.chain(selection.left_out.text()).chain(not_there).collect();
    if no.is_empty() { Ok(()) } else { Err(Failure::Refused(no.join("\n"))) }
}

//! Replays what an operator selects, or runs it dry.

use std::collections::BTreeMap;

use queue::ReceivedMessage;
use serde::Serialize;

use super::dry_run_selection::DryRunSelection;
use super::filter::SelectedLetters;
use super::not_there::not_there;
use super::replay::Replay;
use super::replay_outcome::{ReplayOutcome, ReplayWait, Replayed};
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dry_run::{DryRunOutcome, DryRunResult, dry_run_letters};
use crate::operations::is_zero;

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
    dead_again_by_reason: BTreeMap<String, usize>,
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
    pub(crate) by: &'a str,
    pub(crate) note: Option<&'a str>,
}

/// Sends the selected letters back to the workers, and waits for their outcome.
pub(crate) fn replay_selected(
    access: &Access,
    mut selected: SelectedLetters,
    options: &ReplayOptions<'_>,
) -> Result<ReplayResult, Failure> {
    let mut replay = Replay {
        cluster: &access.broker()?,
        config: &access.config,
        // A letter that cannot be written down is not replayed.
        database: access.database()?,
        by: options.by,
        note: options.note,
        wait: options.waits.then(|| ReplayWait::new(&access.config)),
        replayed: BTreeMap::new(),
    };
    let wanted = |received: &ReceivedMessage| selected.takes(&received.into());
    let (walked, wait) = access.block_on(async {
        let walked = replay.walk(options.limit, wanted).await;
        // Also after a failure: so many did go back.
        Ok((walked, replay.wait().await?))
    })?;
    let mut copies = replay.replayed;
    let replayed: usize = copies.values().sum();
    let left_out = selected.left_out.letters;
    let outcomes = wait.map(ReplayOutcomes::from);
    let ended = walked.and_then(|()| {
        let merchant = selected.filter.merchant.as_deref();
        access.check_filter(merchant, replayed + left_out)?;
        let dead_again =
            outcomes.as_ref().filter(|outcomes| outcomes.dead_again > 0).map(|outcomes| {
                format!("{} of {replayed} died again: {}", outcomes.dead_again, outcomes.reasons())
            });
        let is_nothing = replayed == 0 && left_out == 0 && selected.ids.is_empty();
        let nothing = is_nothing.then(|| "no dead letter matches: nothing was replayed".to_owned());
        end(access, &selected, copies.keys(), dead_again.into_iter().chain(nothing))
    });
    copies.retain(|_, count| *count > 1 && !selected.ids.is_empty());
    Ok(ReplayResult { replayed, left_out, copies, outcomes, ended })
}

/// What a replay of selected letters would do.
#[derive(Serialize)]
pub(crate) struct ReplayDryRun {
    pub(crate) letters: usize,
    /// Letters that are selected; more than `letters` where there are too many, or copies.
    pub(crate) meant: usize,
    looked_at: u32,
    there: u32,
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
    mut selected: SelectedLetters,
    limit: usize,
) -> Result<ReplayDryRun, Failure> {
    let wanted = |received: &ReceivedMessage| selected.takes(&received.into());
    let dry_run_selection =
        access.block_on(async { DryRunSelection::read(&access.broker()?, limit, wanted).await })?;
    let DryRunSelection { letters, meant, looked } = dry_run_selection;
    let left_out = selected.left_out.letters;
    access.check_filter(selected.filter.merchant.as_deref(), meant + left_out)?;
    let tried = letters.len();
    let ids: Vec<String> = letters.iter().map(|letter| letter.message_id.clone()).collect();
    let results = dry_run_letters(&mut *access.database()?, &access.config, letters)?;
    let dying = DryRunOutcome::Rejected.count(&results);
    let no = match (results.len() + left_out, dying) {
        (0, _) => Some("no dead letter matches: nothing would be replayed".to_owned()),
        (_, 0) => None,
        (_, dying) => {
            let letters = results.len();
            Some(format!("{dying} of {letters} would die again: remove the cause first"))
        }
    };
    Ok(ReplayDryRun {
        letters: results.len(),
        meant,
        looked_at: looked.at,
        there: looked.of,
        would_change: DryRunOutcome::Applied.count(&results),
        would_die_again: dying,
        left_out,
        results,
        tried,
        ended: end(access, &selected, ids.iter(), no.into_iter()),
    })
}

/// An error unless all letters were `met` that are meant, and there is no other reason for a no.
fn end<'a>(
    access: &Access,
    selected: &'a SelectedLetters,
    met: impl Iterator<Item = &'a String>,
    no: impl Iterator<Item = String>,
) -> Result<(), Failure> {
    let missing = selected.missing(met);
    let not_there = (!missing.is_empty()).then(|| not_there(access, &missing));
    let no: Vec<String> = no.chain(selected.left_out.text()).chain(not_there).collect();
    if no.is_empty() { Ok(()) } else { Err(Failure::Refused(no.join("\n"))) }
}

//! Replays what an operator selects, or only foresees it.

use std::collections::BTreeMap;

use queue::ReceivedMessage;
use serde::Serialize;

use super::aftermath::{Aftermath, Fate, Replayed};
use super::filter::SelectedLetters;
use super::not_there::not_there;
use super::rehearsal::Rehearsal;
use super::replay::Replay;
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dry_run::{Foreseen, ForeseenOutcome, foresee_letters};
use crate::operations::is_zero;

/// Letters that are in the result.
const LISTED: usize = 1000;

/// Letters that were sent back, and what became of them.
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
    pub(crate) fates: Option<Fates>,
    /// Whether all went back that were meant, and none died again.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

/// How many letters had which fate.
#[derive(Serialize)]
pub(crate) struct Fates {
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

impl From<Aftermath> for Fates {
    fn from(aftermath: Aftermath) -> Fates {
        Fates {
            applied: aftermath.count(Fate::Applied),
            unchanged: aftermath.count(Fate::Unchanged),
            unknown: aftermath.count(Fate::Unknown),
            dead_again: aftermath.count(Fate::DeadAgain),
            dead_again_by_reason: aftermath.reasons(),
            retrying: aftermath.count(Fate::Retrying),
            waiting: aftermath.count(Fate::Waiting),
            letters: aftermath.into_letters(LISTED),
        }
    }
}

impl Fates {
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

/// Sends the selected letters back to work, and waits for what becomes of them.
pub(crate) fn replay_selected(
    access: &Access,
    mut selected: SelectedLetters,
    options: &ReplayOptions<'_>,
) -> Result<ReplayResult, Failure> {
    let mut replay = Replay {
        cluster: &access.broker()?,
        config: &access.config,
        // What cannot be put on record is not replayed.
        database: access.database()?,
        by: options.by,
        note: options.note,
        aftermath: options.waits.then(|| Aftermath::new(&access.config)),
        replayed: BTreeMap::new(),
    };
    let wanted = |received: &ReceivedMessage| selected.takes(&received.into());
    let (walked, aftermath) = access.block_on(async {
        let walked = replay.walk(options.limit, wanted).await;
        // Also after a failure: so many did go back.
        Ok((walked, replay.wait().await?))
    })?;
    let mut copies = replay.replayed;
    let replayed: usize = copies.values().sum();
    let left_out = selected.left_out.letters;
    let fates = aftermath.map(Fates::from);
    let ended = walked.and_then(|()| {
        let merchant = selected.filter.merchant.as_deref();
        access.check_filter(merchant, replayed + left_out)?;
        let dead_again = fates.as_ref().filter(|fates| fates.dead_again > 0).map(|fates| {
            format!("{} of {replayed} died again: {}", fates.dead_again, fates.reasons())
        });
        let is_nothing = replayed == 0 && left_out == 0 && selected.ids.is_empty();
        let nothing = is_nothing.then(|| "no dead letter matches: nothing was replayed".to_owned());
        end(access, &selected, copies.keys(), dead_again.into_iter().chain(nothing))
    });
    copies.retain(|_, count| *count > 1 && !selected.ids.is_empty());
    Ok(ReplayResult { replayed, left_out, copies, fates, ended })
}

/// What a replay of selected letters would do.
#[derive(Serialize)]
pub(crate) struct ReplayForeseen {
    pub(crate) letters: usize,
    /// Letters that are selected; more than `letters` where there are too many, or copies.
    pub(crate) meant: usize,
    looked_at: u32,
    there: u32,
    pub(crate) would_change: usize,
    pub(crate) would_die_again: usize,
    /// Letters that match and are left out: their messages killed workers.
    left_out: usize,
    pub(crate) foreseen: Vec<Foreseen>,
    /// Letters that were tried, with their copies.
    #[serde(skip)]
    pub(crate) tried: usize,
    /// Whether all were tried that were meant, and none would die again.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

/// Runs the worker's own code for the selected letters, and rolls it back.
pub(crate) fn foresee_selected(
    access: &Access,
    mut selected: SelectedLetters,
    limit: usize,
) -> Result<ReplayForeseen, Failure> {
    let wanted = |received: &ReceivedMessage| selected.takes(&received.into());
    let rehearsal =
        access.block_on(async { Rehearsal::read(&access.broker()?, limit, wanted).await })?;
    let Rehearsal { letters, meant, looked } = rehearsal;
    let left_out = selected.left_out.letters;
    access.check_filter(selected.filter.merchant.as_deref(), meant + left_out)?;
    let tried = letters.len();
    let ids: Vec<String> = letters.iter().map(|letter| letter.message_id.clone()).collect();
    let foreseen = foresee_letters(&mut *access.database()?, &access.config, letters)?;
    let dying = ForeseenOutcome::Rejected.count(&foreseen);
    let no = match (foreseen.len() + left_out, dying) {
        (0, _) => Some("no dead letter matches: nothing would be replayed".to_owned()),
        (_, 0) => None,
        (_, dying) => {
            let letters = foreseen.len();
            Some(format!("{dying} of {letters} would die again: mend the cause first"))
        }
    };
    Ok(ReplayForeseen {
        letters: foreseen.len(),
        meant,
        looked_at: looked.at,
        there: looked.of,
        would_change: ForeseenOutcome::Applied.count(&foreseen),
        would_die_again: dying,
        left_out,
        foreseen,
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

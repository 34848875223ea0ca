//! What a replay prints for a person.

use crate::cli::table::list;
use crate::cli::terminal::short_id;
use crate::operations::dead_letter::ramp::RampStep;
use crate::operations::dead_letter::replay_outcome::{ReplayOutcome, Replayed};
use crate::operations::dead_letter::replay_selected::{ReplayDryRun, ReplayOutcomes, ReplayResult};
use crate::operations::dry_run::{DryRunOutcome, DryRunResult, because};
use crate::plural::count;

/// Letters that are listed one by one.
const LISTED: usize = 100;

/// What was sent back, and what became of it.
pub(in crate::cli::verb) fn text(result: &ReplayResult) -> String {
    let replayed = result.replayed;
    let Some(outcomes) = &result.outcomes else {
        let several = result.copies.iter();
        let several = several.map(|(id, copies)| format!("\n{id}: all {copies} copies"));
        return format!("replayed {replayed}{}", several.collect::<String>());
    };
    let totals = format!("{}replayed {replayed}: {}", steps(result), totals(outcomes));
    let is_open = |one: &&Replayed| {
        matches!(
            one.outcome,
            ReplayOutcome::DeadAgain | ReplayOutcome::Retrying | ReplayOutcome::Waiting
        )
    };
    // A few are listed one by one; of many only those that need a person.
    let listed: Vec<&Replayed> = match replayed > LISTED {
        true => outcomes.letters.iter().filter(is_open).take(LISTED).collect(),
        false => outcomes.letters.iter().collect(),
    };
    if listed.is_empty() {
        return totals;
    }
    let rows = list(&listed)
        .column("id", |one| short_id(&one.id))
        .optional("order", |one| one.order.as_ref())
        .column("copies", |one| one.copies)
        .column("now", |one| one.outcome.words())
        .column("because", |one| one.why())
        .text();
    let more = match replayed > LISTED && listed.len() == LISTED {
        true => format!("\nthe first {LISTED} that need a person; --output json has 1000"),
        false => String::new(),
    };
    format!("{rows}{more}\n\n{totals}")
}

/// The steps of a ramp, a line each.
fn steps(result: &ReplayResult) -> String {
    let steps = result.ramp.iter().flat_map(|ramp| &ramp.steps).enumerate();
    let line = |(at, step): (usize, &RampStep)| {
        let (number, letters) = (at + 1, count(step.letters, "letter"));
        let RampStep { dead_again, retrying, .. } = step;
        format!("step {number}: {letters}, {dead_again} died again, {retrying} in a retry tier\n")
    };
    steps.map(line).collect()
}

/// The numbers in a line.
fn totals(outcomes: &ReplayOutcomes) -> String {
    let dead_again = format!("dead again ({})", outcomes.reasons());
    let counted = [
        (outcomes.applied, "applied"),
        (outcomes.unchanged, "changed nothing"),
        (outcomes.dead_again, dead_again.as_str()),
        (outcomes.unknown, "with a trade status that workers do not know"),
        (outcomes.retrying, "in a retry tier"),
        (outcomes.waiting, "still waiting for a worker"),
    ];
    let some = counted.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, words)| format!("{count} {words}")).collect::<Vec<_>>().join(", ")
}

/// What a replay would do.
pub(super) fn dry_run_text(result: &ReplayDryRun) -> String {
    let ReplayDryRun { tried, meant, .. } = result;
    let part = match tried < meant {
        true => format!("\nthese are {tried} of {meant} letters that match"),
        false => String::new(),
    };
    let table = list(&result.results)
        .column("id", |one| short_id(&one.id))
        .optional("order", |one| one.order.as_ref())
        .column("would", would)
        .column("because", because)
        .text();
    format!(
        "{table}\n\n{}: {} would change something, {} would die again; nothing was changed{part}",
        count(result.letters, "letter"),
        result.would_change,
        result.would_die_again
    )
}

fn would(one: &DryRunResult) -> &'static str {
    match one.effect.outcome {
        DryRunOutcome::Applied => "be applied",
        DryRunOutcome::Unchanged => "change nothing",
        DryRunOutcome::Unknown => "change nothing: an unknown trade status",
        DryRunOutcome::Rejected => "die again",
        DryRunOutcome::DatabaseRefuses => "be tried again: the database refuses it alone",
        DryRunOutcome::NoOrderYet => "wait: the order is not there yet",
        DryRunOutcome::Locked => "be processed: its order is locked now, ask again",
    }
}

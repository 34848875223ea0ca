//! What a replay prints for a person.

use crate::cli::table::list;
use crate::cli::terminal::short_id;
use crate::operations::dead_letter::aftermath::{Fate, Replayed};
use crate::operations::dead_letter::replay_selected::{Fates, ReplayForeseen, ReplayResult};
use crate::operations::dry_run::{Foreseen, ForeseenOutcome, because};
use crate::plural::count;

/// Letters that are listed one by one.
const LISTED: usize = 100;

/// What was sent back, and what became of it.
pub(super) fn text(result: &ReplayResult) -> String {
    let replayed = result.replayed;
    let Some(fates) = &result.fates else {
        let several = result.copies.iter();
        let several = several.map(|(id, copies)| format!("\n{id}: all {copies} copies"));
        return format!("replayed {replayed}{}", several.collect::<String>());
    };
    let totals = format!("replayed {replayed}: {}", totals(fates));
    let is_open =
        |one: &&Replayed| matches!(one.outcome, Fate::DeadAgain | Fate::Retrying | Fate::Waiting);
    // A few are listed one by one; of many only those that need somebody.
    let listed: Vec<&Replayed> = match replayed > LISTED {
        true => fates.letters.iter().filter(is_open).take(LISTED).collect(),
        false => fates.letters.iter().collect(),
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
        true => format!("\nthe first {LISTED} that need somebody; --output json has 1000"),
        false => String::new(),
    };
    format!("{rows}{more}\n\n{totals}")
}

/// The numbers in a line.
fn totals(fates: &Fates) -> String {
    let dead_again = format!("dead again ({})", fates.reasons());
    let counted = [
        (fates.applied, "applied"),
        (fates.unchanged, "changed nothing"),
        (fates.dead_again, dead_again.as_str()),
        (fates.unknown, "with a trade status that workers do not know"),
        (fates.retrying, "in a retry tier"),
        (fates.waiting, "still waiting for a worker"),
    ];
    let some = counted.into_iter().filter(|(count, _)| *count > 0);
    some.map(|(count, words)| format!("{count} {words}")).collect::<Vec<_>>().join(", ")
}

/// What a replay would do.
pub(super) fn foreseen_text(result: &ReplayForeseen) -> String {
    let ReplayForeseen { tried, meant, .. } = result;
    let part = match tried < meant {
        true => format!("\nthese are {tried} of {meant} letters that match"),
        false => String::new(),
    };
    let table = list(&result.foreseen)
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

fn would(one: &Foreseen) -> &'static str {
    match one.effect.outcome {
        ForeseenOutcome::Applied => "be applied",
        ForeseenOutcome::Unchanged => "change nothing",
        ForeseenOutcome::Unknown => "change nothing: an unknown trade status",
        ForeseenOutcome::Rejected => "die again",
        ForeseenOutcome::NoOrderYet => "wait: the order is not there yet",
        ForeseenOutcome::Locked => "be worked on: somebody has the order locked now, ask again",
    }
}

//! Lists dead letters.

use queue::ReceivedMessage;
use store::MysqlConnection;
use tracing::{debug, warn};

use super::earliest::Earliest;
use super::filter::LetterFilter;
use super::group::{Group, Grouping};
use super::settled::settled;
use super::{DeadLetter, by_death, look_up_orders};
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dead_queue::look_at_letters;

/// Letters of which it is looked up whether they are settled.
const LOOKED_UP: usize = 2_000;

/// A letter with its message.
pub(crate) type ListedLetter = (DeadLetter, ReceivedMessage);

/// Keeps the letters that died first, at most `limit`.
pub(crate) fn first_to_die(limit: usize) -> Earliest<ListedLetter> {
    Earliest::new(limit, |a: &ListedLetter, b: &ListedLetter| by_death(&a.0, &b.0))
}

/// The letters that match, by cause.
pub(crate) fn groups(access: &Access, filter: &LetterFilter) -> Result<Vec<Group>, Failure> {
    let mut groups = Grouping::default();
    look(access, filter, |(letter, _)| groups.add(letter))?;
    let groups = groups.groups();
    access.check_filter(filter.merchant.as_deref(), groups.len())?;
    Ok(groups)
}

/// The letters that match, the one that died first first, at most `limit`. They are listed also while there is no database
/// to ask whether they are settled, and whether their orders are there.
pub(crate) fn letters(
    access: &Access,
    filter: &LetterFilter,
    limit: usize,
) -> Result<Vec<DeadLetter>, Failure> {
    let mut earliest = first_to_die(limit);
    look(access, filter, |listed| earliest.add(listed))?;
    let (mut listed, matching) = earliest.into_sorted();
    access.check_filter(filter.merchant.as_deref(), matching)?;
    if matching > listed.len() {
        let listed = listed.len();
        warn!(
            "listed {listed} of {matching}: there are more dead letters than the limit (--limit)"
        );
    }
    let asked = access.database_for_a_hint().and_then(|mut database| {
        mark_settled(&mut database, access, &mut listed)?;
        Ok(database)
    });
    let mut letters: Vec<DeadLetter> = listed.into_iter().map(|(letter, _)| letter).collect();
    let asked = asked.and_then(|mut database| Ok(look_up_orders(&mut database, &mut letters)?));
    if let Err(failure) = asked {
        debug!("whether the orders are there is not known: {failure}");
    }
    Ok(letters)
}

fn look(
    access: &Access,
    filter: &LetterFilter,
    mut add: impl FnMut(ListedLetter),
) -> Result<(), Failure> {
    access.block_on(async {
        look_at_letters(&access.broker()?, u32::MAX, |received| {
            let letter = DeadLetter::from(&received);
            if filter.takes(&letter) {
                add((letter, received));
            }
        })
        .await
    })?;
    Ok(())
}

/// Notes why nothing is left to do about a letter, of the first [`LOOKED_UP`].
fn mark_settled(
    database: &mut MysqlConnection,
    access: &Access,
    listed: &mut [ListedLetter],
) -> Result<(), Failure> {
    if listed.len() > LOOKED_UP {
        warn!("whether a letter is settled is looked up for the first {LOOKED_UP} only");
    }
    for (letter, received) in listed.iter_mut().take(LOOKED_UP) {
        letter.settled = settled(database, &access.config, received)?;
    }
    Ok(())
}

//! Lists dead letters by their rows: any number of readers, and no letter is taken out of the queue.

use std::collections::HashMap;

use config::Config;
use store::dead_letter::{self, LetterSearch};
use store::{MysqlConnection, StoreError};
use tracing::{debug, warn};

use super::group::Group;
use super::message::LetterMessage;
use super::settled::settled;
use super::sync::warn_if_queue_differs;
use super::{DeadLetter, look_up_orders};
use crate::failure::Failure;
use crate::operations::access::Access;

/// Letters of which it is looked up whether they are settled.
const LOOKED_UP: usize = 2_000;

/// Letters whose bodies are in memory at one time.
const BODIES: usize = 500;

/// The letters that match, by cause.
pub(crate) fn groups(access: &Access, search: &LetterSearch) -> Result<Vec<Group>, Failure> {
    let mut database = access.database()?;
    let groups = dead_letter::groups(&mut database, search)?;
    warn_if_queue_differs(access, &mut database)?;
    access.check_filter(search.merchant.as_deref(), groups.len())?;
    Ok(groups.into_iter().map(Group::from).collect())
}

/// The letters that match, the one that died first first, at most `limit`.
pub(crate) fn letters(
    access: &Access,
    search: &LetterSearch,
    limit: usize,
) -> Result<Vec<DeadLetter>, Failure> {
    let mut database = access.database()?;
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = dead_letter::list(&mut database, search, 0, most)?;
    let matching = dead_letter::count(&mut database, search)?;
    warn_if_queue_differs(access, &mut database)?;
    access.check_filter(search.merchant.as_deref(), rows.len())?;
    let (listed, all) = (rows.len(), usize::try_from(matching.ids).unwrap_or_default());
    if all > listed {
        warn!("listed {listed} of {all}: there are more dead letters than the limit (--limit)");
    }
    if listed > LOOKED_UP {
        warn!("whether a letter is settled is looked up for the first {LOOKED_UP} only");
    }
    let mut letters: Vec<DeadLetter> = rows.iter().map(DeadLetter::from).collect();
    let asked = rows.len().min(LOOKED_UP);
    mark_settled(&mut database, &access.config, &mut letters[..asked])?;
    if let Err(error) = look_up_orders(&mut database, &mut letters) {
        debug!("whether the orders are there is not known: {error}");
    }
    Ok(letters)
}

/// Notes why nothing is left to do about these letters. A letter without a body stays unsettled.
pub(crate) fn mark_settled(
    connection: &mut MysqlConnection,
    config: &Config,
    letters: &mut [DeadLetter],
) -> Result<(), StoreError> {
    for letters in letters.chunks_mut(BODIES) {
        let ids: Vec<&str> = letters.iter().map(|letter| letter.id.as_str()).collect();
        let stored = dead_letter::with_bodies(connection, &ids)?;
        let mut reasons = HashMap::new();
        for message in stored.into_iter().filter_map(LetterMessage::stored) {
            let reason = settled(connection, config, &message)?;
            reasons.insert(message.message_id, reason);
        }
        for letter in letters {
            letter.settled = reasons.remove(&letter.id).flatten();
        }
    }
    Ok(())
}

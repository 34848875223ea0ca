//! Discards dead letters.

use std::collections::{BTreeMap, BTreeSet};

use config::Config;
use order::LetterAction;
use queue::{Cluster, ReceivedMessage};
use serde::Serialize;
use store::MysqlConnection;
use tokio::task::block_in_place;

use super::audit_trail::add_to_history;
use super::not_there::not_there;
use super::rounds::walk;
use super::settled::SettledReason;
use super::settled::settled;
use super::{DeadLetter, is_meant};
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dead_queue::DeadQueue;

/// What is written down about a discard.
#[derive(Clone, Copy)]
pub(crate) struct DiscardNote<'a> {
    pub(crate) by: &'a str,
    pub(crate) why: Option<&'a str>,
}

/// Walks through all letters and removes the `wanted`, counting in `discarded` the copies of each id. A round is written down
/// before it is removed, so letters that stay because the broker fails then are written down, too.
pub(crate) async fn discard(
    cluster: &Cluster,
    database: &mut MysqlConnection,
    config: &Config,
    note: DiscardNote<'_>,
    wanted: impl FnMut(&ReceivedMessage) -> bool,
    discarded: &mut BTreeMap<String, usize>,
) -> Result<(), Failure> {
    let mut queue = DeadQueue::open(cluster).await?;
    let work = async |queue: &mut DeadQueue, round: Vec<ReceivedMessage>| {
        let letters: Vec<&ReceivedMessage> = round.iter().collect();
        let action = LetterAction::Discarded;
        block_in_place(|| add_to_history(database, config, action, &letters, note.by, note.why))?;
        for received in &letters {
            *discarded.entry(received.message_id.clone()).or_default() += 1;
        }
        for received in letters {
            queue.remove(received).await?;
        }
        Ok(())
    };
    let walked = walk(&mut queue, usize::MAX, wanted, work).await;
    walked.and(queue.close().await)
}

/// What to discard.
pub(crate) enum ToDiscard<'a> {
    /// These, with all their copies.
    Ids(BTreeSet<String>),
    /// All about which nothing is left to do, of one merchant or of all.
    Settled { merchant: Option<&'a str> },
}

/// Letters that were discarded.
#[derive(Serialize)]
pub(crate) struct DiscardResult {
    /// Letters: an id stands for all its copies.
    pub(crate) discarded: usize,
    /// Ids of which there were several letters, and how many.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) copies: BTreeMap<String, usize>,
    /// With --settled: how many for which reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) settled: BTreeMap<SettledReason, usize>,
    /// Whether all selected letters were discarded.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

/// Discards what an operator selects. Whether a letter is settled is looked up once more before it goes.
pub(crate) fn discard_selected(
    access: &Access,
    selected: &ToDiscard<'_>,
    note: DiscardNote<'_>,
) -> Result<DiscardResult, Failure> {
    let mut database = access.database()?;
    let mut looking = match selected {
        ToDiscard::Ids(_) => None,
        ToDiscard::Settled { .. } => Some(access.database()?),
    };
    let (mut reasons, mut unknown) = (BTreeMap::new(), None);
    let mut is_settled = |received: &ReceivedMessage, merchant: Option<&str>| {
        let letter = DeadLetter::from(received);
        let is_of_another = merchant.is_some() && letter.merchant.as_deref() != merchant;
        let Some(looking) = looking.as_mut().filter(|_| unknown.is_none() && !is_of_another) else {
            return false;
        };
        match block_in_place(|| settled(looking, &access.config, &received.into())) {
            Ok(Some(why)) => *reasons.entry(why).or_default() += 1,
            Ok(None) => return false,
            Err(error) => unknown = Some(error),
        }
        unknown.is_none()
    };
    let wanted = |received: &ReceivedMessage| match selected {
        ToDiscard::Ids(ids) => ids.iter().any(|id| is_meant(id, &received.message_id)),
        ToDiscard::Settled { merchant } => is_settled(received, *merchant),
    };
    let mut copies: BTreeMap<String, usize> = BTreeMap::new();
    let cluster = access.broker()?;
    let walk = discard(&cluster, &mut database, &access.config, note, wanted, &mut copies);
    let mut ended = access.block_on(walk);
    let discarded = copies.values().sum();
    if let (Ok(()), Some(error)) = (&ended, unknown) {
        ended = Err(error.into());
    }
    let ended = ended.and_then(|()| match selected {
        ToDiscard::Settled { merchant } => access.check_filter(*merchant, discarded),
        ToDiscard::Ids(ids) => {
            let is_missing = |id: &&String| !copies.keys().any(|met| is_meant(id, met));
            let missing: BTreeSet<String> = ids.iter().filter(is_missing).cloned().collect();
            match missing.is_empty() {
                true => Ok(()),
                false => Err(Failure::Refused(not_there(access, &missing))),
            }
        }
    });
    copies.retain(|_, count| *count > 1 && matches!(selected, ToDiscard::Ids(_)));
    Ok(DiscardResult { discarded, copies, settled: reasons, ended })
}

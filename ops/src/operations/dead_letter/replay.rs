//! Sends dead letters back to the workers.

use std::collections::{BTreeMap, HashSet};
use std::num::NonZeroU32;
use std::time::Duration;

use config::Config;
use order::LetterAction;
use queue::topology::Layout;
use queue::{Cluster, Message, ReceivedMessage};
use store::Connection;
use store::dead_letter::LetterKey;
use tokio::task::block_in_place;
use tokio::time::{Instant, sleep_until};

use super::audit_trail::add_to_history;
use super::replay_outcome::ReplayWait;
use super::rounds::walk;
use super::selection::{Selection, copies};
use crate::failure::Failure;
use crate::operations::dead_queue::DeadQueue;
use crate::operations::publish::ConfirmedPublisher;

/// A replay: what it needs, and what was sent back so far.
pub(crate) struct Replay<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) config: &'a Config,
    /// Without one there is no record of the replay, so no letter is moved.
    pub(crate) database: Connection,
    /// Who replays, and why.
    pub(crate) by: &'a str,
    pub(crate) note: Option<&'a str>,
    /// None: the outcome of the letters is not waited for.
    pub(crate) wait: Option<ReplayWait>,
    /// At most so many letters a second, on average: a round goes back at once.
    pub(crate) rate: Option<NonZeroU32>,
    /// The letters that went back: their ids, and how many copies of each.
    pub(crate) replayed: BTreeMap<String, usize>,
}

impl Replay<'_> {
    /// Walks through the queue and replays the selected letters, at most `limit`.
    pub(crate) async fn walk(
        &mut self,
        limit: usize,
        selection: &Selection,
    ) -> Result<(), Failure> {
        if selection.letters.is_empty() {
            return Ok(());
        }
        // A letter that went back in an earlier walk can be in the queue again.
        let is_left = |letter: &&LetterKey| {
            self.replayed.get(&letter.message_id).is_none_or(|replayed| *replayed < copies(letter))
        };
        let left = selection.letters.iter().filter(is_left);
        let ids: HashSet<&str> = left.map(|letter| letter.message_id.as_str()).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let wanted = |received: &ReceivedMessage| ids.contains(received.message_id.as_str());
        let mut queue = DeadQueue::open(self.cluster).await?;
        let outcome = async {
            let publisher = ConfirmedPublisher::open(self.cluster, "ops replay").await?;
            let (began, mut sent) = (Instant::now(), 0_u32);
            let walked = walk(&mut queue, limit, wanted, async |queue: &mut DeadQueue, round| {
                sent = sent.saturating_add(u32::try_from(round.len()).unwrap_or(u32::MAX));
                self.replay_round(queue, &publisher, round).await?;
                if let Some(rate) = self.rate {
                    sleep_until(began + Duration::from_secs(1) * sent / rate.get()).await;
                }
                Ok(())
            })
            .await;
            publisher.close().await;
            walked
        }
        .await;
        outcome.and(queue.close().await)
    }

    /// Each letter is published, confirmed, written down, and only then removed.
    async fn replay_round(
        &mut self,
        queue: &mut DeadQueue,
        publisher: &ConfirmedPublisher,
        mut round: Vec<ReceivedMessage>,
    ) -> Result<(), Failure> {
        round.sort_by_key(|received| received.headers.first_seen);
        if let Some(wait) = &mut self.wait {
            let letters: Vec<&ReceivedMessage> = round.iter().collect();
            block_in_place(|| wait.before(&mut self.database, &letters))?;
        }
        let shards = Layout::configured(self.config).shards;
        let messages = round.iter().map(|letter| Message::replay(letter, shards)).collect();
        let results = publisher.publish_all(messages).await;
        service::crash_point!("ops.replay_published");
        let mut refused = None;
        let mut confirmed = Vec::new();
        for (received, result) in round.iter().zip(results) {
            match result {
                Ok(()) => confirmed.push(received),
                Err(error) => refused = Some(error),
            }
        }
        let (database, action) = (&mut self.database, LetterAction::Replayed);
        block_in_place(|| {
            add_to_history(database, self.config, action, &confirmed, self.by, self.note)
        })?;
        service::crash_point!("ops.replay_recorded");
        if let Some(wait) = &mut self.wait {
            wait.published(&confirmed);
        }
        for received in &confirmed {
            *self.replayed.entry(received.message_id.clone()).or_default() += 1;
        }
        for received in confirmed {
            queue.remove(received).await?;
        }
        refused.map_or(Ok(()), |error| Err(error.into()))
    }

    /// How many letters went back.
    pub(crate) fn letters(&self) -> usize {
        self.replayed.values().sum()
    }

    /// Waits for the outcome of the letters; none if that was not requested, or if none went back.
    pub(crate) async fn wait(&mut self) -> Result<Option<ReplayWait>, Failure> {
        let wait = self.wait.take().filter(|_| !self.replayed.is_empty());
        let Some(mut wait) = wait else { return Ok(None) };
        block_in_place(|| wait.wait(&mut self.database))?;
        Ok(Some(wait))
    }
}

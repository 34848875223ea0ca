//! The outcome of letters that were replayed: a worker's line about each, or where it waits.

mod replayed;

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use config::Config;
use indicatif::ProgressBar;
use queue::ReceivedMessage;
use store::dead_letter::{self, Death};
use store::notification::{self, InboxState, MessageKey};
use store::retry_copy::{self, WaitingCopy};
use store::{MysqlConnection, StoreError};

pub(crate) use self::replayed::{ReplayOutcome, Replayed};
use super::NO_REASON;

/// How long to wait when nothing more becomes known, and how long in all.
const NO_PROGRESS_LIMIT: Duration = Duration::from_secs(10);
const TOTAL_LIMIT: Duration = Duration::from_secs(120);

/// The pause between two looks.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Messages in one query of the database.
const MESSAGES_PER_QUERY: usize = 500;

/// All of a replay.
#[derive(Debug)]
pub(crate) struct ReplayWait {
    letters: BTreeMap<String, Replayed>,
    /// Their ids by those under which workers know them.
    known_as: HashMap<String, String>,
    config: Config,
}

impl ReplayWait {
    pub(crate) fn new(config: &Config) -> ReplayWait {
        ReplayWait { letters: BTreeMap::new(), known_as: HashMap::new(), config: config.clone() }
    }

    /// Reads what workers know about the letters before they are published.
    pub(crate) fn before(
        &mut self,
        connection: &mut MysqlConnection,
        round: &[&ReceivedMessage],
    ) -> Result<(), StoreError> {
        let mut new: Vec<Replayed> = Vec::new();
        for received in round {
            let id = &received.message_id;
            if !self.letters.contains_key(id) && new.iter().all(|one| one.id != *id) {
                new.push(Replayed::of(received, &self.config));
            }
        }
        let states = states(connection, new.iter())?;
        let copies = copies(connection, new.iter())?;
        let deaths = deaths(connection, new.iter())?;
        for mut one in new {
            one.deaths_before = deaths.get(&one.id).map_or(0, |row| row.deaths);
            one.seen_before = states.get(&one.known_as).map_or(0, |state| state.seen);
            let waited = copies.iter().filter(|copy| copy.message_id == one.known_as);
            one.waited_before = waited.map(|copy| (copy.attempt, copy.due_at)).collect();
            self.known_as.insert(one.known_as.clone(), one.id.clone());
            self.letters.insert(one.id.clone(), one);
        }
        Ok(())
    }

    /// These are in the work queue now.
    pub(crate) fn published(&mut self, round: &[&ReceivedMessage]) {
        for received in round {
            if let Some(one) = self.letters.get_mut(&received.message_id) {
                one.copies += 1;
            }
        }
    }

    /// Waits until each letter has an end or is put back, at most [`NO_PROGRESS_LIMIT`] without news.
    pub(crate) fn wait(&mut self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        self.letters.retain(|_, one| one.copies > 0);
        let (began, mut news) = (Instant::now(), Instant::now());
        let progress = ProgressBar::new(self.letters.len() as u64);
        progress.set_message("waiting for the workers");
        loop {
            let before = self.waiting().count();
            self.look(connection)?;
            let after = self.waiting().count();
            progress.set_position((self.letters.len() - after) as u64);
            if after < before {
                news = Instant::now();
            }
            if after == 0 || news.elapsed() >= NO_PROGRESS_LIMIT || began.elapsed() >= TOTAL_LIMIT {
                break;
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        progress.finish_and_clear();
        Ok(())
    }

    fn waiting(&self) -> impl Iterator<Item = &Replayed> {
        self.letters.values().filter(|one| one.outcome == ReplayOutcome::Waiting)
    }

    fn look(&mut self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let states = states(connection, self.waiting())?;
        let copies = copies(connection, self.waiting())?;
        let deaths = deaths(connection, self.waiting())?;
        for row in deaths.into_values() {
            if let Some(one) = self.letters.get_mut(&row.message_id) {
                one.died(row);
            }
        }
        for state in states.into_values() {
            if let Some(one) = self.known(&state.message_id) {
                one.hear(state);
            }
        }
        for copy in copies {
            if let Some(one) = self.known(&copy.message_id) {
                one.is_put_back(copy);
            }
        }
        Ok(())
    }

    fn known(&mut self, as_id: &str) -> Option<&mut Replayed> {
        self.letters.get_mut(self.known_as.get(as_id)?)
    }

    /// How many letters have this outcome.
    pub(crate) fn count(&self, outcome: ReplayOutcome) -> usize {
        self.letters.values().filter(|one| one.outcome == outcome).map(|one| one.copies).sum()
    }

    /// Why letters are dead again, and how many for each reason.
    pub(crate) fn reasons(&self) -> BTreeMap<String, usize> {
        let mut reasons = BTreeMap::new();
        for one in self.letters.values().filter(|one| one.outcome == ReplayOutcome::DeadAgain) {
            let reason = one.reason.clone().unwrap_or_else(|| NO_REASON.to_owned());
            *reasons.entry(reason).or_default() += one.copies;
        }
        reasons
    }

    /// The letters, those with which something is left to do first, at most `limit`.
    pub(crate) fn into_letters(self, limit: usize) -> Vec<Replayed> {
        let mut letters: Vec<Replayed> = self.letters.into_values().collect();
        letters.sort_by_key(|one| one.outcome);
        letters.truncate(limit);
        letters
    }
}

/// The workers' lines about these letters, by message id.
fn states<'a>(
    connection: &mut MysqlConnection,
    letters: impl Iterator<Item = &'a Replayed>,
) -> Result<HashMap<String, InboxState>, StoreError> {
    let keys: Vec<MessageKey<'_>> = letters
        .filter_map(|one| {
            let (merchant, kind) = one.key.as_ref()?;
            Some(MessageKey { merchant, kind, message_id: &one.known_as })
        })
        .collect();
    let mut states = HashMap::new();
    for keys in keys.chunks(MESSAGES_PER_QUERY) {
        let found = notification::states(connection, keys)?.into_iter();
        states.extend(found.map(|state| (state.message_id.clone(), state)));
    }
    Ok(states)
}

/// Their copies in the retry tiers.
fn copies<'a>(
    connection: &mut MysqlConnection,
    letters: impl Iterator<Item = &'a Replayed>,
) -> Result<Vec<WaitingCopy>, StoreError> {
    let ids: Vec<&str> = letters.map(|one| one.known_as.as_str()).collect();
    let mut copies = Vec::new();
    for ids in ids.chunks(MESSAGES_PER_QUERY) {
        copies.extend(retry_copy::of_messages(connection, ids)?);
    }
    Ok(copies)
}

/// The rows of the letters: also of messages that no worker can read or survive.
fn deaths<'a>(
    connection: &mut MysqlConnection,
    letters: impl Iterator<Item = &'a Replayed>,
) -> Result<HashMap<String, Death>, StoreError> {
    let ids: Vec<&str> = letters.map(|one| one.id.as_str()).collect();
    let mut rows = HashMap::new();
    for ids in ids.chunks(MESSAGES_PER_QUERY) {
        let found = dead_letter::deaths(connection, ids)?.into_iter();
        rows.extend(found.map(|row| (row.message_id.clone(), row)));
    }
    Ok(rows)
}

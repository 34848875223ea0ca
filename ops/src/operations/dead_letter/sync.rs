//! Compares the rows of the dead letters with the queue, which is the truth.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::mem;

use config::Config;
use order::MessageOutcome;
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Connection, ConnectionSettings, Depth, Envelope, ReceivedMessage};
use serde::Serialize;
use store::dead_letter::sync::{Corrected, QueueComparison};
use store::dead_letter::{self, LetterSearch, NewDeadLetter};
use store::notification::{self, MessageKey};
use store::{MysqlConnection, StoreError};
use tokio::task::block_in_place;
use tracing::{debug, warn};
use worker::dead_letter::row_of;
use worker::message::content_id;

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dead_queue::{Looked, look_at_letters};

/// Letters that are written together.
const CHUNK: usize = 200;

/// What a comparison has found.
#[derive(Debug, Serialize)]
pub(crate) struct SyncReport {
    /// Letters that were read.
    pub(crate) looked_at: u32,
    /// Letters that were in the queue.
    pub(crate) there: u32,
    #[serde(flatten)]
    pub(crate) corrected: Corrected,
    /// Whether all letters were seen.
    #[serde(skip)]
    pub(crate) ended: Result<(), Failure>,
}

/// Reads the queue once, and corrects the rows that differ. All letters stay where they are.
pub(crate) fn sync(access: &Access) -> Result<SyncReport, Failure> {
    let mut database = access.database()?;
    let comparison = QueueComparison::begin(&mut database)?;
    let mut met = MetLetters {
        comparison: &comparison,
        connection: &mut database,
        config: &access.config,
        copies: BTreeMap::new(),
        chunk: Vec::new(),
        failed: None,
    };
    let looked = access.block_on(async {
        look_at_letters(&access.broker()?, u32::MAX, |received| met.meet(&received)).await
    })?;
    let copies = met.end()?;
    let is_whole = looked.is_whole();
    let corrected = comparison.end(&mut database, &copies, is_whole)?;
    let Looked { at, of, .. } = looked;
    let ended = match is_whole {
        true => Ok(()),
        false => Err(Failure::CouldNotAsk(format!(
            "another program holds letters of {DEAD_QUEUE}, so no row was taken for one of a letter that is gone: \
             end it, and repeat this"
        ))),
    };
    Ok(SyncReport { looked_at: at, there: of, corrected, ended })
}

/// Counts the letters that are met, and writes the rows of those that have none.
struct MetLetters<'a> {
    comparison: &'a QueueComparison,
    connection: &'a mut MysqlConnection,
    config: &'a Config,
    copies: BTreeMap<String, i32>,
    chunk: Vec<NewLetter>,
    /// Why no more is written.
    failed: Option<StoreError>,
}

/// A letter without a row.
struct NewLetter {
    row: NewDeadLetter,
    /// Merchant, kind and id in the inbox, where its merchant is configured.
    key: Option<(String, &'static str, String)>,
}

impl MetLetters<'_> {
    fn meet(&mut self, received: &ReceivedMessage) {
        let id = &received.message_id;
        *self.copies.entry(id.clone()).or_default() += 1;
        if self.failed.is_some() || self.comparison.is_known(id) {
            return;
        }
        let key = content_id(&received.body, self.config).and_then(|content_id| {
            let envelope = Envelope::read(&received.body).ok()?;
            Some((envelope.merchant, envelope.kind.as_str(), content_id))
        });
        let row = row_of(id, &received.headers, &received.body, false);
        self.chunk.push(NewLetter { row, key });
        if self.chunk.len() >= CHUNK {
            self.failed = block_in_place(|| self.write()).err();
        }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let mut letters = mem::take(&mut self.chunk);
        let keys: Vec<MessageKey<'_>> = letters
            .iter()
            .filter_map(|letter| letter.key.as_ref())
            .map(|(merchant, kind, message_id)| MessageKey { merchant, kind, message_id })
            .collect();
        let states = notification::states(self.connection, &keys)?;
        let rejected = states.into_iter().filter(|it| it.outcome == MessageOutcome::Rejected);
        let rejected: HashSet<String> = rejected.map(|state| state.message_id).collect();
        for letter in &mut letters {
            letter.row.is_recorded =
                letter.key.as_ref().is_some_and(|(.., id)| rejected.contains(id));
        }
        let mut rows: Vec<NewDeadLetter> = letters.into_iter().map(|letter| letter.row).collect();
        rows.sort_by(|a, b| a.message_id.cmp(&b.message_id));
        self.comparison.meet(self.connection, &rows)
    }

    /// How many letters of each id were met.
    fn end(mut self) -> Result<BTreeMap<String, i32>, StoreError> {
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.write().map(|()| self.copies),
        }
    }
}

/// How many letters the queue has ready, and how many are waiting by their rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QueueDifference {
    pub(crate) ready: u32,
    pub(crate) rows: i64,
}

impl fmt::Display for QueueDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let QueueDifference { ready, rows } = self;
        write!(
            f,
            "{DEAD_QUEUE} has {ready} letters ready, and the rows tell of {rows}: another program is working on them, or \
             has put in or taken out some; `ops dlq sync` corrects the rows"
        )
    }
}

/// Compares the two numbers: a difference that stays is for `ops dlq sync`.
pub(crate) async fn difference(
    cluster: &Cluster,
    rows: i64,
) -> Result<Option<QueueDifference>, Failure> {
    let connection =
        Connection::open(&ConnectionSettings::new(cluster, "ops dead letters")).await?;
    let depth = async {
        let channel = connection.create_channel().await?;
        Depth::of(&connection, &channel, DEAD_QUEUE).await
    }
    .await;
    connection.close().await;
    let ready = depth?.ready;
    Ok((i64::from(ready) != rows).then_some(QueueDifference { ready, rows }))
}

/// Says when the queue has another number of letters than the rows. A broker that does not answer is no failure: the rows
/// are listed anyway. Returns how many letters the rows tell of.
pub(super) fn warn_if_queue_differs(
    access: &Access,
    connection: &mut MysqlConnection,
) -> Result<i64, Failure> {
    let rows = dead_letter::count(connection, &LetterSearch::default())?.letters;
    match access.block_on(async { difference(&access.broker()?, rows).await }) {
        Ok(None) => {}
        Ok(Some(difference)) => warn!("{difference}"),
        Err(failure) => debug!("whether the queue has the same letters is not known: {failure}"),
    }
    Ok(rows)
}

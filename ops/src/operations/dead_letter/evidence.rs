//! A dead letter with all evidence about it.

use std::collections::BTreeSet;

use config::Config;
use serde::Serialize;
use store::dead_letter::{self, LetterSearch, history};
use store::{MysqlConnection, StoreError, snapshot};

use super::OpenedLetter;
use super::settled::{SettledReason, settled};
use crate::failure::Failure;
use crate::operations::order::OrderLine;
use crate::operations::order::details::OrderDetails;
use crate::operations::order::missing::MissingOrder;
use crate::operations::order::story::{header, not_done};
use crate::operations::signature_check::{SignatureResult, check};

/// Letters whose ids begin as the one that was named.
const FOUND: i64 = 100;

/// The letter, and what is known around it.
#[derive(Serialize)]
pub(crate) struct Evidence {
    #[serde(flatten)]
    pub(crate) opened: OpenedLetter,
    /// Of a notification whose merchant is configured here.
    pub(crate) signature: Option<SignatureResult>,
    #[serde(flatten)]
    pub(crate) background: Background,
}

/// What the database knows about it.
#[derive(Default, Serialize)]
pub(crate) struct Background {
    pub(crate) order_now: Option<OrderLine>,
    /// The order in words, or why it cannot be shown.
    #[serde(skip)]
    pub(crate) order_text: Vec<String>,
    /// What operators did with this message before.
    pub(crate) history: Vec<history::HistoryRow>,
}

/// The letter in the queue with this id, by its row; of several that begin so the one that died last.
pub(crate) fn find(
    connection: &mut MysqlConnection,
    id: &str,
) -> Result<Option<OpenedLetter>, StoreError> {
    let search = LetterSearch { ids: BTreeSet::from([id.to_owned()]), ..LetterSearch::default() };
    let found = dead_letter::list(connection, &search, 0, FOUND)?;
    let Some(last) = found.into_iter().max_by_key(|row| row.died_at) else { return Ok(None) };
    let letter = dead_letter::with_bodies(connection, &[&last.message_id])?.into_iter().next();
    Ok(letter.map(OpenedLetter::open))
}

impl Evidence {
    /// Before the database was asked.
    pub(crate) fn of(opened: OpenedLetter, config: &Config) -> Evidence {
        let envelope = opened.envelope.as_ref().filter(|_| opened.is_notification());
        let signature = envelope.and_then(|envelope| {
            check(config, &envelope.merchant, &envelope.form, envelope.received_at)
        });
        Evidence { opened, signature, background: Background::default() }
    }
}

impl Background {
    /// Asks the database, also whether the letter is settled.
    pub(crate) fn read(
        connection: &mut MysqlConnection,
        config: &Config,
        opened: &OpenedLetter,
    ) -> Result<(Background, Option<SettledReason>), Failure> {
        let letter = &opened.letter;
        let mut background = Background::default();
        let page = snapshot(connection, |connection| match &letter.order {
            Some(order) => OrderDetails::read(connection, config, order),
            None => Ok(None),
        })?;
        match (page, &letter.order) {
            (Some(page), _) => {
                let text = &mut background.order_text;
                *text = header(&page);
                text.extend(not_done(&page));
                background.order_now = Some(page.order);
            }
            (None, Some(order)) => {
                let missing = MissingOrder::read(connection, order)?.text();
                background.order_text = missing.lines().map(str::to_owned).collect();
            }
            (None, None) => {}
        }
        background.history = history::list(connection, Some(&letter.id), 100)?;
        let settled = match &opened.message {
            Some(message) => settled(connection, config, message)?,
            None => None,
        };
        Ok((background, settled))
    }
}

//! A dead letter with all evidence about it.

use config::Config;
use queue::{Cluster, ReceivedMessage};
use serde::Serialize;
use store::dead_letter::history;
use store::{MysqlConnection, snapshot};

use super::claim::SettledReason;
use super::settled::settled;
use super::{OpenedLetter, is_meant};
use crate::failure::Failure;
use crate::operations::dead_queue::look_at_letters;
use crate::operations::order::OrderLine;
use crate::operations::order::details::OrderDetails;
use crate::operations::order::missing::MissingOrder;
use crate::operations::order::story::{header, not_done};
use crate::operations::signature_check::{SignatureResult, check};

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

/// The letter with this id; of several copies the one that died last.
pub(crate) async fn find(cluster: &Cluster, id: &str) -> Result<Option<OpenedLetter>, Failure> {
    let mut found: Vec<ReceivedMessage> = Vec::new();
    look_at_letters(cluster, u32::MAX, |received| {
        if is_meant(id, &received.message_id) {
            found.push(received);
        }
    })
    .await?;
    let copies = found.len();
    let last = found.into_iter().max_by_key(|received| received.headers.died_at);
    Ok(last.map(|received| OpenedLetter::open(received, copies)))
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
        Ok((background, settled(connection, config, &opened.received)?))
    }
}

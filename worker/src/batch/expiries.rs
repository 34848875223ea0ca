//! Orders whose time was over when Alipay had nothing to close, in one batch.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use order::OrderRecord;
use store::order_expired::{self, Expired};
use store::{MysqlConnection, StoreError};

use super::distinct;
use crate::message::{Content, InboundMessage};

/// What the table says of the orders that a batch is to look at. No other transaction ends its rows meanwhile:
/// the orders are locked.
#[derive(Default)]
pub(crate) struct Expiries {
    rows: BTreeMap<String, Vec<Expired>>,
    applied: BTreeSet<(String, DateTime<Utc>)>,
}

impl Expiries {
    /// Reads the rows; no statement for a batch without an expiry.
    pub(super) fn load(
        connection: &mut MysqlConnection,
        batch: &[InboundMessage],
    ) -> Result<Expiries, StoreError> {
        let orders = distinct(batch.iter().filter_map(|message| match &message.content {
            Ok(Content::Expiry { order }) => Some(order.as_str()),
            _ => None,
        }));
        let mut rows: BTreeMap<String, Vec<Expired>> = BTreeMap::new();
        for row in order_expired::of_orders(connection, &orders)? {
            rows.entry(row.order_id.clone()).or_default().push(row);
        }
        Ok(Expiries { rows, applied: BTreeSet::new() })
    }

    /// Applies the rows that no batch has applied yet. `false`: there is no row at all.
    pub(super) fn apply(&mut self, record: &mut OrderRecord) -> bool {
        let rows = self.rows.get(&record.terms.id).map(Vec::as_slice).unwrap_or_default();
        for row in rows.iter().filter(|row| row.ended_at.is_none()) {
            record.apply_expiry(row.expires_at, row.said_at);
            self.applied.insert((row.order_id.clone(), row.expires_at));
        }
        !rows.is_empty()
    }

    /// Ends the rows.
    pub(crate) fn write(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let applied: Vec<(&str, DateTime<Utc>)> =
            self.applied.iter().map(|(order, expires_at)| (order.as_str(), *expires_at)).collect();
        order_expired::end(connection, &applied)
    }
}

//! Queries for the gateway that a batch writes down for the query sweeper, and those that it ends.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use order::QueryReason;
use store::gateway_query::{self, NewQuery};
use store::{MysqlConnection, StoreError};

use super::loaded_order::LoadedOrder;

/// Queries by order.
#[derive(Default)]
pub(crate) struct QueryRequests {
    wanted: BTreeMap<String, QueryRequest>,
    over: BTreeSet<String>,
}

struct QueryRequest {
    merchant: String,
    why: QueryReason,
    /// `None`: a new query is sent, whatever was asked before.
    requested_at: Option<DateTime<Utc>>,
}

impl QueryRequests {
    /// A request: any query that is sent after `at` answers it.
    pub(super) fn request(
        &mut self,
        id: &str,
        merchant: &str,
        why: QueryReason,
        at: DateTime<Utc>,
    ) {
        let wanted = self.wanted.entry(id.to_owned()).or_insert_with(|| QueryRequest {
            merchant: merchant.to_owned(),
            why,
            requested_at: Some(at),
        });
        wanted.requested_at = wanted.requested_at.map(|known| known.max(at));
    }

    /// Alipay has answered, and a person has to decide about the answer: another query would get the same answer.
    pub(super) fn end(&mut self, id: &str) {
        self.over.insert(id.to_owned());
    }

    /// Asks at once, whatever was asked before, about orders whose payment has just become doubtful, whose time is
    /// over and that have just become payable, and whose goods wait until the gateway confirms the payment.
    pub(super) fn ask_about(&mut self, orders: &BTreeMap<String, LoadedOrder>) {
        for (id, order) in orders {
            let why = if order.is_newly_in_doubt() {
                QueryReason::InDoubt
            } else if order.is_newly_open_too_late() {
                QueryReason::OpenTooLate
            } else if order.is_newly_unconfirmed() {
                QueryReason::Confirm
            } else {
                continue;
            };
            let merchant = order.record.terms.merchant.clone();
            let request = QueryRequest { merchant, why, requested_at: None };
            self.wanted.insert(id.clone(), request);
        }
    }

    /// Writes them down; no statement where there are none.
    pub(super) fn write(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let over: Vec<&str> = self.over.iter().map(String::as_str).collect();
        gateway_query::delete(connection, &over)?;
        let wanted: Vec<NewQuery<'_>> = self
            .wanted
            .iter()
            .map(|(order_id, request)| NewQuery {
                order_id,
                merchant: &request.merchant,
                why: request.why,
                forward: 1,
                requested_at: request.requested_at,
            })
            .collect();
        gateway_query::enrol(connection, &wanted)
    }
}

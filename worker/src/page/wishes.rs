//! Orders that the gateway is to be asked about, or no longer, in one batch.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use order::QueryReason;
use store::gateway_query::{self, Wish};
use store::{MysqlConnection, StoreError};

/// Wishes by order.
#[derive(Default)]
pub(crate) struct Wishes {
    wanted: BTreeMap<String, Wanted>,
    over: BTreeSet<String>,
}

struct Wanted {
    merchant: String,
    why: QueryReason,
    /// `None`: whatever was asked before, it is asked again.
    requested_at: Option<DateTime<Utc>>,
}

impl Wishes {
    /// Somebody asks: a question that goes out after `at` will do.
    pub(super) fn request(
        &mut self,
        order: &str,
        merchant: &str,
        by: QueryReason,
        at: DateTime<Utc>,
    ) {
        let wanted = self.wanted.entry(order.to_owned()).or_insert_with(|| Wanted {
            merchant: merchant.to_owned(),
            why: by,
            requested_at: Some(at),
        });
        wanted.requested_at = wanted.requested_at.map(|known| known.max(at));
    }

    /// Nobody knows where the money is.
    pub(crate) fn doubt(&mut self, order: &str, merchant: &str) {
        self.ask_anew(order, merchant, QueryReason::InDoubt);
    }

    /// A trade can be paid although the order's time is over: it is closed at once.
    pub(crate) fn open_too_late(&mut self, order: &str, merchant: &str) {
        self.ask_anew(order, merchant, QueryReason::OpenTooLate);
    }

    /// Goods wait for the gateway's word about a payment.
    pub(crate) fn confirm(&mut self, order: &str, merchant: &str) {
        self.ask_anew(order, merchant, QueryReason::Confirm);
    }

    /// It is asked, whatever was asked before.
    fn ask_anew(&mut self, order: &str, merchant: &str, why: QueryReason) {
        let wanted = Wanted { merchant: merchant.to_owned(), why, requested_at: None };
        self.wanted.insert(order.to_owned(), wanted);
    }

    /// Alipay has answered, and the answer is in front of a person: asked again it would answer the same.
    pub(crate) fn over(&mut self, order: &str) {
        self.over.insert(order.to_owned());
    }

    /// Writes them down for the query sweeper; no statement where there are none.
    pub(crate) fn write(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let over: Vec<&str> = self.over.iter().map(String::as_str).collect();
        gateway_query::delete(connection, &over)?;
        let wishes: Vec<Wish<'_>> = self
            .wanted
            .iter()
            .map(|(order_id, wanted)| Wish {
                order_id,
                merchant: &wanted.merchant,
                why: wanted.why.as_str(),
                forward: 1,
                requested_at: wanted.requested_at,
            })
            .collect();
        gateway_query::enrol(connection, &wishes)
    }
}

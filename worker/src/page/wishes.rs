//! Orders that the gateway is to be asked about, in one batch.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::mysql::MysqlConnection;
use store::StoreError;
use store::gateway_query::{self, Wish};

/// Wishes by order.
#[derive(Default)]
pub(crate) struct Wishes(BTreeMap<String, Wanted>);

struct Wanted {
    merchant: String,
    why: String,
    /// `None`: whatever was asked before, it is asked again.
    requested_at: Option<DateTime<Utc>>,
}

impl Wishes {
    /// Somebody asks: a question that goes out after `at` will do.
    pub(super) fn request(&mut self, order: &str, merchant: &str, by: &str, at: DateTime<Utc>) {
        let wanted = self.0.entry(order.to_owned()).or_insert_with(|| Wanted {
            merchant: merchant.to_owned(),
            why: by.to_owned(),
            requested_at: Some(at),
        });
        wanted.requested_at = wanted.requested_at.map(|known| known.max(at));
    }

    /// Nobody knows where the money is.
    pub(crate) fn doubt(&mut self, order: &str, merchant: &str) {
        let wanted = Wanted {
            merchant: merchant.to_owned(),
            why: "in_doubt".to_owned(),
            requested_at: None,
        };
        self.0.insert(order.to_owned(), wanted);
    }

    /// Writes them down for the query sweeper; no statement where there are none.
    pub(crate) fn write(&self, connection: &mut MysqlConnection) -> Result<(), StoreError> {
        let wishes: Vec<Wish<'_>> = self
            .0
            .iter()
            .map(|(order_id, wanted)| Wish {
                order_id,
                merchant: &wanted.merchant,
                why: &wanted.why,
                forward: 1,
                requested_at: wanted.requested_at,
            })
            .collect();
        gateway_query::enrol(connection, &wishes)
    }
}

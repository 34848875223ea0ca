//! What the shop wrote, as a crate without a database knows it.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::OrderTerms;

use super::{AuditedOrder, OrderRow};
use crate::column::Deadline;
use crate::schema::user_order;

/// The columns of [`OrderTerms`].
#[derive(Queryable, Selectable)]
#[diesel(table_name = user_order)]
pub(super) struct TermsRow {
    id: String,
    merchant: String,
    total_fee: Fen,
    created_at: DateTime<Utc>,
    #[diesel(deserialize_as = Deadline)]
    expires_at: Option<DateTime<Utc>>,
}

impl From<TermsRow> for OrderTerms {
    fn from(row: TermsRow) -> OrderTerms {
        let TermsRow { id, merchant, total_fee, created_at, expires_at } = row;
        OrderTerms { id, merchant, total_fee, created_at, expires_at }
    }
}

impl OrderRow {
    /// What the shop wrote.
    pub fn terms(&self) -> OrderTerms {
        OrderTerms::from(TermsRow {
            id: self.id.clone(),
            merchant: self.merchant.clone(),
            total_fee: Fen::new(self.total_fee),
            created_at: self.created_at.0,
            expires_at: self.expires_at.map(|at| at.0),
        })
    }
}

impl AuditedOrder {
    /// What the shop wrote.
    pub fn terms(&self) -> OrderTerms {
        OrderTerms::from(TermsRow {
            id: self.id.clone(),
            merchant: self.merchant.clone(),
            total_fee: Fen::new(self.total_fee),
            created_at: self.created_at,
            expires_at: self.expires_at,
        })
    }
}

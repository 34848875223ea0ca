//! Reviews of the orders of a batch.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use order::{ReviewReason, ReviewState};
use serde::Serialize;

use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{ColumnsOf, EnumText};
use crate::json_rows::{execute_rows, load_columns, sql_time};
use crate::schema::review;
use crate::{MysqlConnection, Result};

/// A row of `review`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// The order.
    pub order_id: String,
    /// Why a person must look.
    pub reason: ReviewReason,
    /// What makes it this case.
    pub evidence: String,
    /// Whether it is over.
    pub state: ReviewState,
}

/// Its columns in the order in which the statements name them.
#[derive(Queryable, Selectable)]
#[diesel(table_name = review)]
struct CaseRow {
    order_id: String,
    reason: String,
    evidence: String,
    state: String,
}

impl CaseRow {
    /// `None`: it holds a word of a newer version, which handles it.
    fn read(self) -> Option<Case> {
        Some(Case {
            reason: self.reason.parse().ok()?,
            state: self.state.parse().ok()?,
            order_id: self.order_id,
            evidence: self.evidence,
        })
    }
}

/// All cases of these orders, whatever their state.
pub fn of_orders(connection: &mut MysqlConnection, order_ids: &[&str]) -> Result<Vec<Case>> {
    let query = include_str!("of_orders.sql");
    let rows: Vec<CaseRow> =
        load_columns::<ColumnsOf<CaseRow>, _, _>(connection, query, order_ids)?;
    Ok(rows.into_iter().filter_map(CaseRow::read).collect())
}

/// A case as it should be now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReviewChange<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Word of a [`ReviewReason`]: rows are locked in the order of their key, which is text.
    pub reason: &'a str,
    /// What makes it this case.
    pub evidence: &'a str,
    /// Whether it is over.
    pub state: ReviewState,
}

impl BulkRow for ReviewChange<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        for text in [self.order_id, self.reason, self.evidence] {
            values.push::<Text, str>(text)?;
        }
        values.push::<EnumText<ReviewState>, _>(&self.state)?;
        values.push_flags([self.state == ReviewState::Open])
    }
}

/// Opens and settles cases, sorted by key. What a person decided stays decided.
pub fn upsert(connection: &mut MysqlConnection, sorted_changes: &[ReviewChange<'_>]) -> Result<()> {
    write_rows(connection, include_str!("upsert.sql"), sorted_changes)
}

/// The cases with these numbers, as (`review.id`, case). Their orders should be locked: then no other transaction ends them.
pub fn by_ids(connection: &mut MysqlConnection, ids: &[i64]) -> Result<Vec<(i64, Case)>> {
    let rows: Vec<(i64, CaseRow)> = load_columns::<(BigInt, ColumnsOf<CaseRow>), _, _>(
        connection,
        "SELECT STRAIGHT_JOIN r.id, r.order_id, r.reason, r.evidence, r.state \
         FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k \
         JOIN review AS r FORCE INDEX (PRIMARY) ON r.id = k.id",
        ids,
    )?;
    Ok(rows.into_iter().filter_map(|(id, row)| Some((id, row.read()?))).collect())
}

/// A person's decision about a case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Decided<'a> {
    /// `review.id`.
    pub id: i64,
    /// Word of the decision.
    pub decision: &'a str,
    /// Who decided.
    pub decided_by: &'a str,
    /// Why.
    pub note: &'a str,
    /// When.
    #[serde(serialize_with = "sql_time")]
    pub ended_at: Option<DateTime<Utc>>,
}

/// Ends open cases by decisions, sorted by number. What has ended stays as it is.
pub fn decide(connection: &mut MysqlConnection, sorted_decisions: &[Decided<'_>]) -> Result<()> {
    execute_rows(connection, include_str!("decide.sql"), sorted_decisions)
}

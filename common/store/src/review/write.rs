//! Reviews of the orders of a batch.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use order::{ReviewReason, ReviewState};
use serde::Serialize;

use crate::bulk::{BulkRow, Values, write_rows};
use crate::json_rows::{execute_rows, load_rows, sql_time};
use crate::schema::review;
use crate::{MysqlConnection, Result};

/// A case on record.
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

#[derive(QueryableByName)]
#[diesel(table_name = review)]
struct CaseRow {
    order_id: String,
    reason: String,
    evidence: String,
    state: String,
}

impl CaseRow {
    /// `None`: it holds a word of a newer version, which works on it.
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
    let rows: Vec<CaseRow> = load_rows(connection, include_str!("of_orders.sql"), order_ids)?;
    Ok(rows.into_iter().filter_map(CaseRow::read).collect())
}

/// A case as it should be now.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Why.
    pub reason: &'a str,
    /// What makes it this case.
    pub evidence: &'a str,
    /// Word of an [`order::ReviewState`].
    pub state: &'a str,
}

impl BulkRow for Change<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        for text in [self.order_id, self.reason, self.evidence, self.state] {
            values.push::<Text, str>(text)?;
        }
        values.push::<Bool, _>(if self.state == <&str>::from(ReviewState::Open) {
            &true
        } else {
            &false
        })
    }
}

/// Opens and settles cases, sorted by key. What a person decided stays decided.
pub fn upsert(connection: &mut MysqlConnection, sorted_changes: &[Change<'_>]) -> Result<()> {
    write_rows(connection, include_str!("upsert.sql"), sorted_changes)
}

/// A case by its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberedCase {
    /// `review.id`.
    pub id: i64,
    /// The case.
    pub case: Case,
}

#[derive(QueryableByName)]
#[diesel(table_name = review)]
struct NumberedRow {
    id: i64,
    #[diesel(embed)]
    case: CaseRow,
}

/// The cases with these numbers. Their orders should be locked: then nobody else ends them.
pub fn by_ids(connection: &mut MysqlConnection, ids: &[i64]) -> Result<Vec<NumberedCase>> {
    let rows: Vec<NumberedRow> = load_rows(
        connection,
        "SELECT STRAIGHT_JOIN r.id, r.order_id, r.reason, r.evidence, r.state \
         FROM JSON_TABLE(?, '$[*]' COLUMNS (id BIGINT PATH '$')) AS k \
         JOIN review AS r FORCE INDEX (PRIMARY) ON r.id = k.id",
        ids,
    )?;
    Ok(rows
        .into_iter()
        .filter_map(|row| Some(NumberedCase { id: row.id, case: row.case.read()? }))
        .collect())
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

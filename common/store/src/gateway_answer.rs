//! Table `gateway_answer`: answers of the gateway that a program of ours got.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use serde::Serialize;

use crate::json_rows::load_rows;
use crate::{MysqlConnection, StoreError};

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct AnswerKey<'a> {
    /// The order that was asked about.
    pub order_id: &'a str,
    /// Of the envelope that holds the answer, hex.
    pub digest: &'a str,
}

/// Writes down that the gateway gave this answer; before the answer is published.
///
/// # Errors
/// What the database says.
pub fn write(connection: &mut MysqlConnection, answer: AnswerKey<'_>) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO gateway_answer (order_id, digest) VALUES (?, ?) \
         ON DUPLICATE KEY UPDATE digest = VALUES(digest)",
    )
    .bind::<Text, _>(answer.order_id)
    .bind::<Text, _>(answer.digest)
    .execute(connection)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    digest: String,
}

/// Which of these answers a program of ours got, as (order, digest).
///
/// # Errors
/// What the database says.
pub fn known(
    connection: &mut MysqlConnection,
    answers: &[AnswerKey<'_>],
) -> Result<Vec<(String, String)>, StoreError> {
    let rows: Vec<Row> = load_rows(connection, include_str!("gateway_answer/known.sql"), answers)?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.digest)).collect())
}

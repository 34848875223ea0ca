//! Table `gateway_answer`: answers of the gateway that our programs received.

use diesel::dsl::DuplicatedKeys;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde::Serialize;

use crate::json_rows::load_columns;
use crate::schema::gateway_answer;
use crate::{MysqlConnection, Result};

/// One answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Insertable)]
#[diesel(table_name = gateway_answer)]
pub struct AnswerKey<'a> {
    /// The order that was asked about.
    pub order_id: &'a str,
    /// Of the envelope that holds the answer, hex.
    pub digest: &'a str,
}

/// Writes down that the gateway gave this answer; before the answer is published.
pub fn write(connection: &mut MysqlConnection, answer: AnswerKey<'_>) -> Result<()> {
    diesel::insert_into(gateway_answer::table)
        .values(answer)
        .on_conflict(DuplicatedKeys)
        .do_update()
        .set(gateway_answer::digest.eq(answer.digest))
        .execute(connection)?;
    Ok(())
}

/// Which of these answers our programs received, as (order, digest).
pub fn known(
    connection: &mut MysqlConnection,
    answers: &[AnswerKey<'_>],
) -> Result<Vec<(String, String)>> {
    load_columns::<(Text, Text), _, _>(
        connection,
        include_str!("gateway_answer/known.sql"),
        answers,
    )
}

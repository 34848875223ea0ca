//! Refunds of the trades of a span.

use alipay::Fen;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use order::Refund;

use super::Span;
use crate::json_rows::utc;
use crate::{MysqlConnection, StoreError};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    trade_no: String,
    #[diesel(sql_type = Text)]
    refund_key: String,
    #[diesel(sql_type = Text)]
    request_no: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    running_total: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    amount: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    result: Option<String>,
    #[diesel(sql_type = Nullable<Datetime>)]
    gmt_refund: Option<NaiveDateTime>,
}

/// The refunds on record for the trades that a span's orders know, as (order id, refund).
///
/// # Errors
/// What the database says.
pub fn refunds(
    connection: &mut MysqlConnection,
    span: &Span,
) -> Result<Vec<(String, Refund)>, StoreError> {
    let rows: Vec<Row> = sql_query(include_str!("../sql/audit_refund.sql"))
        .bind::<Text, _>(&span.from)
        .bind::<Text, _>(&span.to)
        .load(connection)?;
    Ok(rows.into_iter().map(Row::read).collect())
}

impl Row {
    fn read(self) -> (String, Refund) {
        let refund = Refund {
            trade_no: self.trade_no,
            refund_key: self.refund_key,
            request_no: self.request_no,
            running_total: self.running_total.map(Fen::new),
            amount: self.amount.map(Fen::new),
            result: self.result,
            gmt_refund: utc(self.gmt_refund),
        };
        (self.order_id, refund)
    }
}

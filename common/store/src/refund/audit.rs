//! Refunds of the trades of a range of orders.

use alipay::Fen;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use order::Refund;

use crate::IdRange;
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

/// The refunds on record for the trades that a range's orders know, as (order id, refund).
///
/// # Errors
/// What the database says.
pub fn in_range(
    connection: &mut MysqlConnection,
    range: &IdRange,
) -> Result<Vec<(String, Refund)>, StoreError> {
    let rows: Vec<Row> = sql_query(include_str!("audit.sql"))
        .bind::<Text, _>(&range.from)
        .bind::<Text, _>(&range.to)
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

//! Refunds of the trades of a batch.

use alipay::Fen;
use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use order::Refund;
use serde::Serialize;

use crate::json_rows::{execute_rows, load_rows, sql_time, utc};
use crate::{MysqlConnection, StoreError};

/// The trades whose refunds are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MerchantTrade<'a> {
    /// Name in the configuration.
    pub merchant: &'a str,
    /// Alipay's number.
    pub trade_no: &'a str,
}

#[derive(QueryableByName)]
struct RefundRow {
    #[diesel(sql_type = Text)]
    merchant: String,
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

/// The refunds of these trades, as (merchant, refund). A locking read, see
/// [`crate::trade::orders_of`].
///
/// # Errors
/// What the database says.
pub fn of_trades(
    connection: &mut MysqlConnection,
    trades: &[MerchantTrade<'_>],
) -> Result<Vec<(String, Refund)>, StoreError> {
    let rows: Vec<RefundRow> = load_rows(connection, include_str!("of_trades.sql"), trades)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let refund = Refund {
                trade_no: row.trade_no,
                refund_key: row.refund_key,
                request_no: row.request_no,
                running_total: row.running_total.map(Fen::new),
                amount: row.amount.map(Fen::new),
                result: row.result,
                gmt_refund: utc(row.gmt_refund),
            };
            (row.merchant, refund)
        })
        .collect())
}

#[derive(Serialize)]
struct RefundColumns<'a> {
    merchant: &'a str,
    trade_no: &'a str,
    refund_key: &'a str,
    request_no: &'a str,
    running_total: Option<i64>,
    amount: Option<i64>,
    result: Option<&'a str>,
    #[serde(serialize_with = "sql_time")]
    gmt_refund: Option<DateTime<Utc>>,
}

/// Writes refunds, as (merchant, refund), sorted by key. A row that is there already grows as
/// [`Refund`]s merge: a success stays a success, amounts and times take the greater.
///
/// # Errors
/// What the database says.
pub fn upsert(
    connection: &mut MysqlConnection,
    sorted_refunds: &[(&str, &Refund)],
) -> Result<(), StoreError> {
    let rows: Vec<RefundColumns<'_>> = sorted_refunds
        .iter()
        .map(|(merchant, refund)| RefundColumns {
            merchant,
            trade_no: &refund.trade_no,
            refund_key: &refund.refund_key,
            request_no: &refund.request_no,
            running_total: refund.running_total.map(Fen::get),
            amount: refund.amount.map(Fen::get),
            result: refund.result.as_deref(),
            gmt_refund: refund.gmt_refund,
        })
        .collect();
    execute_rows(connection, include_str!("upsert.sql"), &rows)
}

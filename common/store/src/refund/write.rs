//! Refunds of the trades of a batch.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;

use order::Refund;
use serde::Serialize;

use super::row::RefundRow;
use crate::json_rows::{execute_rows, load_rows, sql_time};
use crate::schema::refund;
use crate::{MysqlConnection, StoreError};

/// The trades whose refunds are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MerchantTrade<'a> {
    /// Name in the configuration.
    pub merchant: &'a str,
    /// Alipay's number.
    pub trade_no: &'a str,
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
    #[derive(QueryableByName)]
    #[diesel(table_name = refund)]
    struct OfMerchant {
        merchant: String,
        #[diesel(embed)]
        refund: RefundRow,
    }
    let rows: Vec<OfMerchant> = load_rows(connection, include_str!("of_trades.sql"), trades)?;
    Ok(rows.into_iter().map(|row| (row.merchant, row.refund.into())).collect())
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

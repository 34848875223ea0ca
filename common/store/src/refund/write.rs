//! Refunds of the trades of a batch.

use alipay::Fen;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use order::Refund;
use serde::Serialize;

use crate::bulk::{BulkRow, Values, write_rows};
use crate::json_rows::{load_rows, naive, utc};
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

struct RefundColumns<'a> {
    merchant: &'a str,
    refund: &'a Refund,
    /// The running total and the amount, fen.
    fees: [Option<i64>; 2],
    gmt_refund: Option<NaiveDateTime>,
}

impl BulkRow for RefundColumns<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        let Refund { trade_no, refund_key, request_no, result, .. } = self.refund;
        values.push::<Text, str>(self.merchant)?;
        values.push_all::<Text, String>([trade_no, refund_key, request_no])?;
        values.push_all::<Nullable<BigInt>, _>(&self.fees)?;
        values.push::<Nullable<Text>, _>(result)?;
        values.push::<Nullable<Datetime>, _>(&self.gmt_refund)
    }
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
            refund,
            fees: [refund.running_total, refund.amount].map(|fee| fee.map(Fen::get)),
            gmt_refund: naive(refund.gmt_refund),
        })
        .collect();
    write_rows(connection, include_str!("upsert.sql"), &rows)
}

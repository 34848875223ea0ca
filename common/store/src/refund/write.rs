//! Refunds of the trades of a batch.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};
use order::Refund;
use serde::Serialize;

use super::row::RefundRow;
use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::Moment;
use crate::json_rows::load_rows;
use crate::schema::refund;
use crate::{MysqlConnection, Result};

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
pub fn of_trades(
    connection: &mut MysqlConnection,
    trades: &[MerchantTrade<'_>],
) -> Result<Vec<(String, Refund)>> {
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

struct RefundColumns<'a> {
    merchant: &'a str,
    refund: &'a Refund,
    /// The running total and the amount, fen.
    fees: [Option<i64>; 2],
    gmt_refund: Option<DateTime<Utc>>,
}

impl BulkRow for RefundColumns<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        let Refund { trade_no, refund_key, request_no, result, .. } = self.refund;
        values.push::<Text, str>(self.merchant)?;
        values.push_all::<Text, String>([trade_no, refund_key, request_no])?;
        values.push_all::<Nullable<BigInt>, _>(&self.fees)?;
        values.push::<Nullable<Text>, _>(result)?;
        values.push::<Nullable<Moment>, _>(&self.gmt_refund)
    }
}

/// Writes refunds, as (merchant, refund), sorted by key. A row that is there already grows as
/// [`Refund`]s merge: a success stays a success, amounts and times take the greater.
pub fn upsert(connection: &mut MysqlConnection, sorted_refunds: &[(&str, &Refund)]) -> Result<()> {
    let rows: Vec<RefundColumns<'_>> = sorted_refunds
        .iter()
        .map(|(merchant, refund)| RefundColumns {
            merchant,
            refund,
            fees: [refund.running_total, refund.amount].map(|fee| fee.map(Fen::get)),
            gmt_refund: refund.gmt_refund,
        })
        .collect();
    write_rows(connection, include_str!("upsert.sql"), &rows)
}

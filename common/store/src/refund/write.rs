//! Refunds of the trades of a batch.

use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use order::Refund;
use serde::Serialize;

use super::row::RefundRow;
use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{ColumnsOf, Moment, Money};
use crate::json_rows::load_columns;
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
    let rows: Vec<(String, RefundRow)> = load_columns::<(Text, ColumnsOf<RefundRow>), _, _>(
        connection,
        include_str!("of_trades.sql"),
        trades,
    )?;
    Ok(rows.into_iter().map(|(merchant, refund)| (merchant, refund.into())).collect())
}

impl BulkRow for (&str, &Refund) {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        let (merchant, refund) = self;
        let Refund { trade_no, refund_key, request_no, result, .. } = refund;
        values.push::<Text, str>(merchant)?;
        values.push_all::<Text, String>([trade_no, refund_key, request_no])?;
        values.push_all::<Nullable<Money>, _>([&refund.running_total, &refund.amount])?;
        values.push::<Nullable<Text>, _>(result)?;
        values.push::<Nullable<Moment>, _>(&refund.gmt_refund)
    }
}

/// Writes refunds, as (merchant, refund), sorted by key. A row that is there already grows as
/// [`Refund`]s merge: a success stays a success, amounts and times take the greater.
pub fn upsert(connection: &mut MysqlConnection, sorted_refunds: &[(&str, &Refund)]) -> Result<()> {
    write_rows(connection, include_str!("upsert.sql"), sorted_refunds)
}

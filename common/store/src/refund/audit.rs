//! Refunds of the trades of a range of orders.

use diesel::prelude::*;
use diesel::sql_types::Text;
use order::Refund;

use super::row::RefundRow;
use crate::column::ColumnsOf;
use crate::typed_sql::static_sql;
use crate::{IdRange, MysqlConnection, Result};

/// The rows of `refund` for the trades that a range's orders know, as (order id, refund).
pub fn in_range(
    connection: &mut MysqlConnection,
    range: &IdRange,
) -> Result<Vec<(String, Refund)>> {
    let rows: Vec<(String, RefundRow)> = static_sql(include_str!("audit.sql"))
        .text(&range.from)
        .text(&range.to)
        .columns::<(Text, ColumnsOf<RefundRow>)>()
        .load(connection)?;
    Ok(rows.into_iter().map(|(order_id, refund)| (order_id, refund.into())).collect())
}

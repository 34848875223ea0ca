//! Refunds of the trades of a range of orders.

use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::Text;
use order::Refund;

use super::row::RefundRow;
use crate::schema::trade;
use crate::{IdRange, MysqlConnection, Result};

/// The refunds on record for the trades that a range's orders know, as (order id, refund).
pub fn in_range(
    connection: &mut MysqlConnection,
    range: &IdRange,
) -> Result<Vec<(String, Refund)>> {
    #[derive(QueryableByName)]
    #[diesel(table_name = trade)]
    struct OfOrder {
        order_id: String,
        #[diesel(embed)]
        refund: RefundRow,
    }
    let rows: Vec<OfOrder> = sql_query(include_str!("audit.sql"))
        .bind::<Text, _>(&range.from)
        .bind::<Text, _>(&range.to)
        .load(connection)?;
    Ok(rows.into_iter().map(|row| (row.order_id, row.refund.into())).collect())
}

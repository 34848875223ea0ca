//! Trades of a range of orders, without the parties: nothing here depends on who took part.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;
use order::Trade;

use super::row::FactRow;
use crate::IdRange;
use crate::column::{ColumnsOf, Moment};
use crate::schema::trade;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// All trades of a range as (order id, trade), by order; parties and `notify_time` are left empty.
pub fn in_range(connection: &mut MysqlConnection, range: &IdRange) -> Result<Vec<(String, Trade)>> {
    let rows: Vec<FactRow> = static_sql(include_str!("facts_in_range.sql"))
        .text(&range.from)
        .text(&range.to)
        .columns::<ColumnsOf<FactRow>>()
        .load(connection)?;
    Ok(rows.into_iter().map(FactRow::read).collect())
}

/// A trade that has paid another order, too, as the rows say.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = trade)]
pub struct SharedTrade {
    /// The order.
    pub order_id: String,
    /// The trade.
    pub trade_no: String,
    /// The other order.
    #[diesel(sql_type = Text)]
    pub other: String,
    /// When a worker last wrote the order.
    #[diesel(sql_type = Moment)]
    pub updated_at: DateTime<Utc>,
}

/// Trades that have paid more than one order.
pub fn shared(connection: &mut MysqlConnection) -> Result<Vec<SharedTrade>> {
    Ok(static_sql(include_str!("shared.sql")).load(connection)?)
}

//! Trades of a range of orders, without the parties: nothing here depends on who took part.

use alipay::Fen;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use order::{Facts, Trade};

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
    facts: String,
    #[diesel(sql_type = Nullable<Datetime>)]
    gmt_create: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    gmt_payment: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    gmt_refund: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    gmt_close: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    confirmed_at: Option<NaiveDateTime>,
    #[diesel(sql_type = BigInt)]
    refunded_fee: i64,
}

/// All trades of a range as (order id, trade), by order; parties and `notify_time` are left empty.
///
/// # Errors
/// What the database says.
pub fn in_range(
    connection: &mut MysqlConnection,
    range: &IdRange,
) -> Result<Vec<(String, Trade)>, StoreError> {
    let rows: Vec<Row> = sql_query(
        "SELECT order_id, trade_no, facts, gmt_create, gmt_payment, gmt_refund, gmt_close, \
         confirmed_at, refunded_fee FROM trade FORCE INDEX (PRIMARY) WHERE order_id BETWEEN ? AND ?",
    )
    .bind::<Text, _>(&range.from)
    .bind::<Text, _>(&range.to)
    .load(connection)?;
    Ok(rows.into_iter().map(Row::read).collect())
}

impl Row {
    fn read(self) -> (String, Trade) {
        let mut trade = Trade::new(self.trade_no);
        trade.facts = Facts::from_column(&self.facts);
        trade.gmt_create = utc(self.gmt_create);
        trade.gmt_payment = utc(self.gmt_payment);
        trade.gmt_refund = utc(self.gmt_refund);
        trade.gmt_close = utc(self.gmt_close);
        trade.confirmed_at = utc(self.confirmed_at);
        trade.refunded_fee = Fen::new(self.refunded_fee);
        (self.order_id, trade)
    }
}

/// A trade that has paid another order, too, as the rows say.
#[derive(Debug, Clone, QueryableByName)]
pub struct SharedTrade {
    /// The order.
    #[diesel(sql_type = Text)]
    pub order_id: String,
    /// The trade.
    #[diesel(sql_type = Text)]
    pub trade_no: String,
    /// The other order.
    #[diesel(sql_type = Text)]
    pub other: String,
    /// When a worker last wrote the order, UTC.
    #[diesel(sql_type = Datetime)]
    pub updated_at: NaiveDateTime,
}

/// Trades that have paid more than one order.
///
/// # Errors
/// What the database says.
pub fn shared(connection: &mut MysqlConnection) -> Result<Vec<SharedTrade>, StoreError> {
    Ok(sql_query(include_str!("shared.sql")).load(connection)?)
}

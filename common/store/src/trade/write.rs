//! Trades of the orders of a batch.

use alipay::Fen;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use order::{Facts, Parties, Trade};

use crate::bulk::{BulkRow, Values, write_rows};
use crate::json_rows::{load_rows, naive, utc};
use crate::user_order::PartyColumns;
use crate::{MysqlConnection, StoreError};

/// Names one trade of one order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TradeKey<'a> {
    /// `user_order.id`.
    pub order_id: &'a str,
    /// Alipay's number.
    pub trade_no: &'a str,
}

impl BulkRow for TradeKey<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        values.push::<Text, str>(self.order_id)?;
        values.push::<Text, str>(self.trade_no)
    }
}

/// Makes sure that a row exists for each trade. Sorted keys keep two batches from a deadlock.
///
/// # Errors
/// What the database says.
pub fn insert_missing(
    connection: &mut MysqlConnection,
    sorted_keys: &[TradeKey<'_>],
) -> Result<(), StoreError> {
    write_rows(connection, include_str!("insert_missing.sql"), sorted_keys)
}

#[derive(QueryableByName)]
struct TradeRow {
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
    notify_time: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    confirmed_at: Option<NaiveDateTime>,
    #[diesel(sql_type = BigInt)]
    refunded_fee: i64,
    #[diesel(sql_type = Nullable<Text>)]
    seller_email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    seller_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    seller_actions: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    buyer_email: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    buyer_id: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    buyer_actions: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    receive_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    receive_address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    receive_zip: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    receive_phone: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    receive_mobile: Option<String>,
}

impl From<TradeRow> for Trade {
    fn from(row: TradeRow) -> Trade {
        let mut trade = Trade::new(row.trade_no);
        trade.facts = Facts::from_column(&row.facts);
        trade.gmt_create = utc(row.gmt_create);
        trade.gmt_payment = utc(row.gmt_payment);
        trade.gmt_refund = utc(row.gmt_refund);
        trade.gmt_close = utc(row.gmt_close);
        trade.notify_time = utc(row.notify_time);
        trade.confirmed_at = utc(row.confirmed_at);
        trade.refunded_fee = Fen::new(row.refunded_fee);
        trade.parties = Parties {
            seller_email: row.seller_email,
            seller_id: row.seller_id,
            seller_actions: row.seller_actions,
            buyer_email: row.buyer_email,
            buyer_id: row.buyer_id,
            buyer_actions: row.buyer_actions,
            receive_name: row.receive_name,
            receive_address: row.receive_address,
            receive_zip: row.receive_zip,
            receive_phone: row.receive_phone,
            receive_mobile: row.receive_mobile,
        };
        trade
    }
}

/// All trades of these orders, as (order id, trade).
///
/// # Errors
/// What the database says.
pub fn of_orders(
    connection: &mut MysqlConnection,
    order_ids: &[&str],
) -> Result<Vec<(String, Trade)>, StoreError> {
    let rows: Vec<TradeRow> = load_rows(connection, include_str!("of_orders.sql"), order_ids)?;
    Ok(rows.into_iter().map(|mut row| (std::mem::take(&mut row.order_id), row.into())).collect())
}

#[derive(QueryableByName)]
struct LinkRow {
    #[diesel(sql_type = Text)]
    order_id: String,
    #[diesel(sql_type = Text)]
    trade_no: String,
}

/// The orders that know these trade numbers, as (trade_no, order id), of any merchant.
///
/// A locking read: it waits for a batch that is just inserting such a trade, so that of "refund row
/// first, then look for the trade" and "trade row first, then look for refunds" at least one sees
/// the other.
///
/// # Errors
/// What the database says.
pub fn orders_of(
    connection: &mut MysqlConnection,
    trade_nos: &[&str],
) -> Result<Vec<(String, String)>, StoreError> {
    let rows: Vec<LinkRow> = load_rows(connection, include_str!("orders_of.sql"), trade_nos)?;
    Ok(rows.into_iter().map(|row| (row.trade_no, row.order_id)).collect())
}

#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = Text)]
    order_id: String,
}

/// The orders that have this trade, of any merchant. Locks nothing and waits for nobody.
///
/// # Errors
/// What the database says.
pub fn holders(
    connection: &mut MysqlConnection,
    trade_no: &str,
) -> Result<Vec<String>, StoreError> {
    let rows: Vec<Holder> = sql_query("SELECT order_id FROM trade WHERE trade_no = ? LIMIT 100")
        .bind::<Text, _>(trade_no)
        .load(connection)?;
    Ok(rows.into_iter().map(|row| row.order_id).collect())
}

struct TradeColumns<'a> {
    key: TradeKey<'a>,
    facts: String,
    /// `gmt_create`, `gmt_payment`, `gmt_refund`, `gmt_close`, `notify_time`, `confirmed_at`.
    times: [Option<NaiveDateTime>; 6],
    parties: PartyColumns<'a>,
    refunded_fee: i64,
}

impl BulkRow for TradeColumns<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        self.key.bind(values)?;
        values.push::<Text, _>(&self.facts)?;
        values.push_all::<Nullable<Datetime>, _>(&self.times)?;
        self.parties.bind(values)?;
        values.push::<BigInt, _>(&self.refunded_fee)
    }
}

/// Writes trades of locked orders, as (order id, trade).
///
/// # Errors
/// What the database says.
pub fn update(
    connection: &mut MysqlConnection,
    trades: &[(&str, &Trade)],
) -> Result<(), StoreError> {
    let rows: Vec<TradeColumns<'_>> = trades
        .iter()
        .map(|(order_id, trade)| {
            let times = [
                trade.gmt_create,
                trade.gmt_payment,
                trade.gmt_refund,
                trade.gmt_close,
                trade.notify_time,
                trade.confirmed_at,
            ];
            TradeColumns {
                key: TradeKey { order_id, trade_no: &trade.trade_no },
                facts: trade.facts.to_column(),
                times: times.map(naive),
                parties: (&trade.parties).into(),
                refunded_fee: trade.refunded_fee.get(),
            }
        })
        .collect();
    write_rows(connection, include_str!("update.sql"), &rows)
}

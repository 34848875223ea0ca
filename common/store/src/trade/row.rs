//! A row of `trade`, and the columns of who took part, which `user_order` has too.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::{Facts, Parties, Trade};

use crate::schema::trade;

/// What is computed from. An audit reads this alone.
#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = trade)]
pub(super) struct FactRow {
    pub(super) order_id: String,
    trade_no: String,
    facts: Facts,
    gmt_create: Option<DateTime<Utc>>,
    gmt_payment: Option<DateTime<Utc>>,
    gmt_refund: Option<DateTime<Utc>>,
    gmt_close: Option<DateTime<Utc>>,
    confirmed_at: Option<DateTime<Utc>>,
    refunded_fee: Fen,
}

impl FactRow {
    /// The order, and its trade without who took part.
    pub(super) fn read(self) -> (String, Trade) {
        let trade = Trade {
            facts: self.facts,
            gmt_create: self.gmt_create,
            gmt_payment: self.gmt_payment,
            gmt_refund: self.gmt_refund,
            gmt_close: self.gmt_close,
            confirmed_at: self.confirmed_at,
            refunded_fee: self.refunded_fee,
            ..Trade::new(self.trade_no)
        };
        (self.order_id, trade)
    }
}

/// A whole row.
#[derive(QueryableByName)]
#[diesel(table_name = trade)]
pub(super) struct TradeRow {
    #[diesel(embed)]
    facts: FactRow,
    notify_time: Option<DateTime<Utc>>,
    #[diesel(embed)]
    parties: PartyRow,
}

impl TradeRow {
    /// The order, and its trade.
    pub(super) fn read(self) -> (String, Trade) {
        let (order_id, mut trade) = self.facts.read();
        trade.notify_time = self.notify_time;
        trade.parties = self.parties.into();
        (order_id, trade)
    }
}

#[derive(QueryableByName)]
#[diesel(table_name = trade)]
struct PartyRow {
    seller_email: Option<String>,
    seller_id: Option<String>,
    seller_actions: Option<String>,
    buyer_email: Option<String>,
    buyer_id: Option<String>,
    buyer_actions: Option<String>,
    receive_name: Option<String>,
    receive_address: Option<String>,
    receive_zip: Option<String>,
    receive_phone: Option<String>,
    receive_mobile: Option<String>,
}

impl From<PartyRow> for Parties {
    fn from(row: PartyRow) -> Parties {
        Parties {
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
        }
    }
}

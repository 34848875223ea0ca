//! A row of `trade`.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::{Facts, Trade};

use crate::party_columns::PartyRow;
use crate::schema::trade;

/// What is computed from, in the order in which the statements name the columns. An audit reads this alone.
#[derive(Queryable, Selectable)]
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

/// A whole row, in the order in which `of_orders.sql` names its columns.
#[derive(Queryable, Selectable)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed_sql::tests::assert_same_columns;

    #[test]
    fn statements_name_the_columns_in_the_order_of_the_rows() {
        let whole = trade::table.select(TradeRow::as_select());
        assert_same_columns(include_str!("of_orders.sql"), &whole);
        let facts = trade::table.select(FactRow::as_select());
        assert_same_columns(include_str!("facts_in_range.sql"), &facts);
    }
}

//! Money in and back against goods out and back, over all orders.

use alipay::Fen;
use order::{Facts, OrderRecord};
use serde::Serialize;

/// Sums over all orders, which end at the largest number: a shop can write any `total_fee`. Amounts are fen; goods are counted in units and at what their orders cost.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) orders: u64,
    pub(crate) paid: i64,
    pub(crate) refunded: i64,
    pub(crate) goods_out_units: i64,
    pub(crate) goods_back_units: i64,
    pub(crate) goods_out: i64,
    pub(crate) goods_back: i64,
    /// (paid - refunded) - (goods out - goods back).
    pub(crate) difference: i64,
    /// The part of the difference that waits for stock or for a person.
    pub(crate) difference_waiting: i64,
    /// The part that a person decided on.
    pub(crate) difference_decided: i64,
    /// The part that nothing explains.
    pub(crate) difference_in_gaps: i64,
}

/// One order's part in the totals, fen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Balance {
    pub(crate) paid: i64,
    pub(crate) refunded: i64,
    pub(crate) out: i64,
    pub(crate) back: i64,
}

impl Balance {
    /// Every trade that paid counts its total: a second payment is money too.
    pub(crate) fn of(record: &OrderRecord) -> Balance {
        let total = record.terms.total_fee.get();
        let paying = record.trades.values().filter(|trade| trade.facts.contains(Facts::PAID));
        let (paid, refunded) = paying.fold((0, 0), |(paid, refunded): (i64, i64), trade| {
            (paid.saturating_add(total), refunded.saturating_add(trade.refunded_fee.get()))
        });
        // Goods that another system delivered count with their payment, of which Alipay may never notify again.
        let counts = !record.is_only_imported();
        let out = counts && record.goods_are_out();
        let back = counts && record.goods_are_back();
        let worth = |moved| if moved { total } else { 0 };
        Balance { paid, refunded, out: worth(out), back: worth(back) }
    }

    pub(crate) fn difference(&self) -> i64 {
        (self.paid.saturating_sub(self.refunded)).saturating_sub(self.out.saturating_sub(self.back))
    }

    pub(crate) fn text(&self) -> String {
        let Balance { paid, refunded, out, back } = *self;
        let [paid, refunded, out, back] = [paid, refunded, out, back].map(Fen::new);
        format!("paid {paid}, refunded {refunded}, goods out {out}, back {back} yuan")
    }
}

impl Totals {
    pub(crate) fn add(&mut self, balance: &Balance, units: i32) {
        let units = i64::from(units);
        self.orders += 1;
        self.paid = self.paid.saturating_add(balance.paid);
        self.refunded = self.refunded.saturating_add(balance.refunded);
        self.goods_out = self.goods_out.saturating_add(balance.out);
        self.goods_back = self.goods_back.saturating_add(balance.back);
        self.goods_out_units += if balance.out > 0 { units } else { 0 };
        self.goods_back_units += if balance.back > 0 { units } else { 0 };
        self.difference = self.difference.saturating_add(balance.difference());
    }
}

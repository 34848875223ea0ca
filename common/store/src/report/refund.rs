//! Refunds of an order's trades, with the amount of each.

use diesel::mysql::MysqlConnection;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Datetime, Nullable, Text};
use serde::Serialize;

use super::BeijingTime;
use crate::StoreError;

/// One refund. Amounts are fen.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName, Serialize)]
pub struct RefundLine {
    /// The trade that money was given back from.
    #[diesel(sql_type = Text)]
    pub trade_no: String,
    /// `batch_no` (legacy) or `out_biz_no` (Open Platform).
    #[diesel(sql_type = Text)]
    pub request_no: String,
    /// This refund alone: as told (legacy batch), or what the running total grew by.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub amount: Option<i64>,
    /// The trade's total after it (Open Platform).
    #[diesel(sql_type = Nullable<BigInt>)]
    pub running_total: Option<i64>,
    /// `SUCCESS` or the error code of a batch item.
    #[diesel(sql_type = Nullable<Text>)]
    pub result: Option<String>,
    /// When the money went back.
    #[diesel(sql_type = Nullable<Datetime>)]
    pub gmt_refund: Option<BeijingTime>,
}

/// The refunds of this order's trades, by trade and growing total.
///
/// # Errors
/// What the database says.
pub fn refunds_of(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Vec<RefundLine>, StoreError> {
    let mut lines: Vec<RefundLine> = sql_query(
        "SELECT r.trade_no, r.request_no, r.amount, r.running_total, r.result, r.gmt_refund \
         FROM user_order AS o JOIN trade AS t ON t.order_id = o.id \
         JOIN refund AS r ON r.merchant = o.merchant AND r.trade_no = t.trade_no \
         WHERE o.id = ? ORDER BY r.trade_no, r.running_total, r.gmt_refund, r.refund_key",
    )
    .bind::<Text, _>(order_id)
    .load(connection)?;
    derive_amounts(&mut lines);
    Ok(lines)
}

/// Alipay sends the running total of a trade, not this refund's amount, so a single amount is the
/// step from the total before. `lines` are sorted by trade and running total.
fn derive_amounts(lines: &mut [RefundLine]) {
    let mut before: Option<(String, i64)> = None;
    for line in lines {
        let Some(total) = line.running_total else { continue };
        let so_far = match &before {
            Some((trade_no, so_far)) if *trade_no == line.trade_no => *so_far,
            _ => 0,
        };
        line.amount.get_or_insert(total.saturating_sub(so_far));
        before = Some((line.trade_no.clone(), total));
    }
}

#[cfg(test)]
mod tests {
    use super::{RefundLine, derive_amounts};

    fn line(trade_no: &str, running_total: Option<i64>, amount: Option<i64>) -> RefundLine {
        RefundLine {
            trade_no: trade_no.to_owned(),
            request_no: String::new(),
            amount,
            running_total,
            result: None,
            gmt_refund: None,
        }
    }

    #[test]
    fn single_amounts_are_the_steps_of_the_running_total_within_a_trade() {
        let mut lines = [
            line("a", None, Some(7)), // a legacy batch tells its own amount
            line("a", Some(100), None),
            line("a", Some(350), None),
            line("b", Some(20), None),
        ];
        derive_amounts(&mut lines);
        assert_eq!(lines.map(|line| line.amount), [Some(7), Some(100), Some(250), Some(20)]);
    }
}

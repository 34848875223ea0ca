//! Refunds that the system requests by itself: payments that came after their order had expired.

use std::fmt::Write as _;

use alipay::Fen;
use diesel::sql_types::Text;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::json_rows::{execute_rows, load_columns};
use crate::{MysqlConnection, Result};

/// The value of `asked_by`.
const ASKED_BY: &str = "worker";
/// The value of `reason`, and what the buyer may read.
const REASON: &str = "paid after the order had expired";

/// A late payment that is refunded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct LateRefund<'a> {
    /// Name in the configuration; of an Open Platform merchant, since only there a program can
    /// refund.
    pub merchant: &'a str,
    /// `user_order.id`.
    pub order_id: &'a str,
    /// Alipay's number of the trade.
    pub trade_no: &'a str,
    /// All that is left of the trade, above zero.
    pub amount: Fen,
}

#[derive(Serialize)]
struct LateRow<'a> {
    request_no: String,
    #[serde(flatten)]
    late: LateRefund<'a>,
    reason: &'static str,
    asked_by: &'static str,
}

/// The number of a trade's late refund: always the same, so that Alipay
/// refunds it once. 44 letters and digits.
pub fn late_number(merchant: &str, trade_no: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(merchant.as_bytes());
    hash.update([0]);
    hash.update(trade_no.as_bytes());
    let mut number = "late".to_owned();
    for byte in hash.finalize().iter().take(20) {
        // Writing to a String cannot fail.
        let _ = write!(number, "{byte:02x}");
    }
    number
}

/// Requests the refund of late payments; a worker's refund sweeper makes it. Belongs in the
/// transaction that books the payment, with the order locked. A trade that has such a request already stays as it is, also if Alipay refused: then a person decides.
pub fn ask_late(connection: &mut MysqlConnection, late: &[LateRefund<'_>]) -> Result<()> {
    let mut rows: Vec<LateRow<'_>> = late
        .iter()
        .map(|late| LateRow {
            request_no: late_number(late.merchant, late.trade_no),
            late: *late,
            reason: REASON,
            asked_by: ASKED_BY,
        })
        .collect();
    rows.sort_by(|one, other| one.request_no.cmp(&other.request_no));
    execute_rows(connection, include_str!("ask_late.sql"), &rows)
}

/// Withdraws what [`ask_late`] wrote, for trades, as (merchant, trade number), that are not late after all or are
/// refunded already: such a request is refused. A refund that may have been sent continues: Alipay reports its result. With the orders locked.
pub fn withdraw_late(connection: &mut MysqlConnection, trades: &[(&str, &str)]) -> Result<()> {
    let mut numbers: Vec<String> =
        trades.iter().map(|(merchant, trade_no)| late_number(merchant, trade_no)).collect();
    numbers.sort_unstable();
    execute_rows(connection, include_str!("withdraw.sql"), &numbers)
}

/// Of these orders the trades, as (order, trade number), that are being refunded or are refunded: a refund
/// is requested or its result is unknown, or a refund of all that was left is made. The orders
/// should be locked.
pub fn on_its_way(
    connection: &mut MysqlConnection,
    order_ids: &[&str],
) -> Result<Vec<(String, String)>> {
    load_columns::<(Text, Text), _, _>(connection, include_str!("on_its_way.sql"), order_ids)
}

#[cfg(test)]
mod tests {
    use super::late_number;

    /// Numbers must survive updates: a new version must give the same refund the same number.
    #[test]
    fn golden() {
        let number = late_number("shop", "2026112322001400001");
        assert_eq!(number, "late278c3f0e43d92c59f0505fb3107aa8819b044832");
        assert!(number.len() <= 64 && number.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(number, late_number("shop2", "026112322001400001"));
        assert_ne!(late_number("a", "bc"), late_number("ab", "c"));
    }
}

//! Refunds of payments that no order accepted.

use order::{RefundRequestState, RefundSum};

use super::RefundRequest;
use crate::json_rows::load_rows;
use crate::refund::MerchantTrade;
use crate::{MysqlConnection, Result, named_lock};

/// The name of the lock of an order's number.
const NUMBER: &str = "CONCAT('alipay_refund.', LEFT(SHA2(CONCAT(DATABASE(), '.', ?), 256), 32))";

/// Locks an order's number, which may have no row, against other requests for refunds of a rejected payment of it;
///  `false` when another connection has held it for `seconds`. It ends with [`unlock_number`] or the
/// connection.
pub fn lock_number(connection: &mut MysqlConnection, order_id: &str, seconds: i64) -> Result<bool> {
    named_lock::take(connection, NUMBER, order_id, seconds)
}

/// Unlocks an order's number.
pub fn unlock_number(connection: &mut MysqlConnection, order_id: &str) -> Result<()> {
    named_lock::release(connection, NUMBER, order_id)
}

/// The requests for rejected payments of these trades, the oldest first.
pub fn of_rejected(
    connection: &mut MysqlConnection,
    trades: &[MerchantTrade<'_>],
) -> Result<Vec<RefundRequest>> {
    load_rows(connection, include_str!("of_rejected.sql"), trades)
}

/// The requests among these for the rejected payment of one trade that names this order, in their order.
pub fn of_payment<'a>(
    requests: &'a [RefundRequest],
    trade: MerchantTrade<'_>,
    order_id: &str,
) -> Vec<&'a RefundRequest> {
    requests
        .iter()
        .filter(|it| it.merchant == trade.merchant && it.trade_no == trade.trade_no)
        .filter(|it| it.order_id == order_id)
        .collect()
}

/// What the accepted requests for one payment have refunded.
pub fn given_back(requests: &[&RefundRequest]) -> RefundSum {
    requests
        .iter()
        .filter(|it| it.state == RefundRequestState::Accepted)
        .fold(RefundSum::default(), |sum, it| sum.with(it.amount, it.running_total))
}

//! What a refund is about: an order, or a payment that no order took.

use store::{MysqlConnection, trade, user_order};
use tracing::info;

use super::find_rejected::{self, RejectedFound};
use crate::failure::Failure;
use crate::operations::access::Access;

/// What is to be refunded.
pub(crate) struct RefundTarget {
    pub(crate) order: String,
    /// Of a rejected payment the merchant that it came for.
    pub(crate) merchant: String,
    pub(crate) rejected: Option<RejectedFound>,
}

/// The order that has the trade, or the rejected payment of this number.
pub(crate) fn find(
    access: &Access,
    connection: &mut MysqlConnection,
    order: Option<&str>,
    trade_no: Option<&str>,
) -> Result<RefundTarget, Failure> {
    let row = match order {
        Some(order) => user_order::find(connection, order)?,
        None => None,
    };
    let Some(trade_no) = trade_no else {
        let order = order.unwrap_or_default();
        let Some(row) = row else {
            return Err(Failure::Refused(format!(
                "there is no order {order}; a payment that names it can be given back with --trade-no: \
                 `ops order show {order}` says whether one was rejected"
            )));
        };
        return Ok(RefundTarget { order: row.id, merchant: row.merchant, rejected: None });
    };
    let owners = trade::orders_of(connection, &[trade_no])?;
    // A trade without an order means the order that has it.
    let row = match (row, owners.as_slice()) {
        (None, [(_, only)]) if order.is_none() => user_order::find(connection, only)?,
        (row, _) => row,
    };
    let is_owner = |order: &str| owners.iter().any(|(_, owner)| owner == order);
    if let Some(row) = row.filter(|row| is_owner(&row.id)) {
        return Ok(RefundTarget { order: row.id, merchant: row.merchant, rejected: None });
    }
    let rejected = find_rejected::find(access, connection, order, trade_no)?;
    let payment = &rejected.payment;
    info!(
        order = payment.order,
        trade_no,
        reason = rejected.reason,
        "no order accepted this payment: the refund uses the data of its rejected notification"
    );
    let (order, merchant) = (payment.order.clone(), payment.merchant.clone());
    Ok(RefundTarget { order, merchant, rejected: Some(rejected) })
}

//! Requests the refund of late payments, in the transaction that records them. The refund sweeper carries it out; at
//! the legacy gateway a person does, and the review says so.

use std::collections::{BTreeMap, BTreeSet};

use store::refund_request::{self, LateRefund};
use store::{MysqlConnection, StoreError};

use super::loaded_order::LoadedOrder;
use crate::message::InboundMessage;

/// Requests refunds of payments that have become late, and withdraws requests for those that no longer are.
pub(super) fn request(
    connection: &mut MysqlConnection,
    orders: &BTreeMap<String, LoadedOrder>,
    batch: &[InboundMessage],
) -> Result<(), StoreError> {
    let with_call: BTreeSet<&str> = batch
        .iter()
        .filter(|message| message.protocol.has_refund_call())
        .map(|message| message.account.merchant.as_str())
        .collect();
    let (mut late, mut over) = (Vec::new(), Vec::new());
    for order in orders.values() {
        let terms = &order.record.terms;
        let merchant = terms.merchant.as_str();
        if with_call.contains(merchant) {
            late.extend(order.late_refunds().map(|(trade, amount)| LateRefund {
                merchant,
                order_id: &terms.id,
                trade_no: &trade.trade_no,
                amount,
            }));
        }
        over.extend(order.no_longer_late().map(|trade| (merchant, trade.trade_no.as_str())));
    }
    refund_request::ask_late(connection, &late)?;
    refund_request::withdraw_late(connection, &over)
}

//! Writes down which late money goes back, in the transaction that learns of it. The refund sweeper
//! carries it out; at the legacy gateway a person does, and the review says so.

use std::collections::BTreeSet;

use alipay::{Fen, Protocol};
use store::refund_request::{self, LateRefund};
use store::{MysqlConnection, StoreError};

use crate::incoming::Incoming;
use crate::page::Page;

/// Asks for what has become late, and withdraws what is so no longer.
pub(crate) fn send_back(
    connection: &mut MysqlConnection,
    page: &Page,
    batch: &[Incoming],
) -> Result<(), StoreError> {
    let openapi: BTreeSet<&str> = batch
        .iter()
        .filter(|incoming| incoming.protocol == Protocol::Openapi)
        .map(|incoming| incoming.identity.merchant.as_str())
        .collect();
    let (mut late, mut over) = (Vec::new(), Vec::new());
    for sheet in page.sheets.values() {
        let terms = &sheet.record.terms;
        let merchant = terms.merchant.as_str();
        if openapi.contains(merchant) {
            late.extend(sheet.newly_late().map(|trade| LateRefund {
                merchant,
                order_id: &terms.id,
                trade_no: &trade.trade_no,
                amount: Fen::new(terms.total_fee.get() - trade.refunded_fee.get()),
            }));
        }
        over.extend(sheet.no_longer_late().map(|trade| (merchant, trade.trade_no.as_str())));
    }
    refund_request::ask_late(connection, &late)?;
    refund_request::withdraw_late(connection, &over)
}

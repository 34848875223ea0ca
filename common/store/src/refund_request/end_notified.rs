//! Requests that a notification ends.

use order::Refund;
use serde::Serialize;

use crate::json_rows::execute_rows;
use crate::{MysqlConnection, Result};

#[derive(Serialize)]
struct NotifiedRefund<'a> {
    merchant: &'a str,
    trade_no: &'a str,
    refund_key: &'a str,
}

/// Ends the requests for these refunds, as (merchant, refund): a batch at the legacy gateway names
/// its number, a notification of the Open Platform that of the refund. The refunds must have been written in this
/// transaction. A refund that was not requested here ends nothing.
pub fn end_notified(
    connection: &mut MysqlConnection,
    sorted_refunds: &[(&str, &Refund)],
) -> Result<()> {
    let keys: Vec<NotifiedRefund<'_>> = sorted_refunds
        .iter()
        .map(|(merchant, refund)| NotifiedRefund {
            merchant,
            trade_no: &refund.trade_no,
            refund_key: &refund.refund_key,
        })
        .collect();
    execute_rows(connection, include_str!("end_notified.sql"), &keys)
}

//! A row of `refund`.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::Refund;

use crate::schema::refund;

/// Its columns in the order in which the statements name them.
#[derive(Queryable, Selectable)]
#[diesel(table_name = refund)]
pub(super) struct RefundRow {
    trade_no: String,
    refund_key: String,
    request_no: String,
    running_total: Option<Fen>,
    amount: Option<Fen>,
    result: Option<String>,
    gmt_refund: Option<DateTime<Utc>>,
}

impl From<RefundRow> for Refund {
    fn from(row: RefundRow) -> Refund {
        let RefundRow {
            trade_no,
            refund_key,
            request_no,
            running_total,
            amount,
            result,
            gmt_refund,
        } = row;
        Refund { trade_no, refund_key, request_no, running_total, amount, result, gmt_refund }
    }
}

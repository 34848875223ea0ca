//! The computed columns against what the trades say.

use chrono::{DateTime, Utc};
use order::{FulfillmentState, OrderRecord, OrderState};
use store::user_order::AuditedOrder;

use super::GapKind;
use super::finding::Findings;

/// Compares every computed column that anybody reads.
pub(crate) fn check(
    row: &AuditedOrder,
    state: &OrderState,
    record: &OrderRecord,
    found: &mut Findings,
) {
    let mut number = |kind, is: i64, should: i64| {
        if is != should {
            found.add(kind, format!("is {is}, the trades say {should}"));
        }
    };
    number(GapKind::WrongStatus, row.status.into(), state.status.code().into());
    number(GapKind::WrongTradeStatus, row.trade_status.into(), state.trade_status.code().into());
    number(GapKind::WrongRefundStatus, row.refund_status.into(), state.refund_status.code().into());
    number(GapKind::WrongRefundedFee, row.refunded_fee, state.refunded_fee.get());
    number(GapKind::WrongFinish, row.is_finish.into(), state.is_finish.into());
    if row.trade_no != state.trade_no {
        let text = |trade_no: &Option<String>| trade_no.clone().unwrap_or_else(|| "none".into());
        let (is, should) = (text(&row.trade_no), text(&state.trade_no));
        found.add(GapKind::WrongTradeNo, format!("is {is}, the order goes by {should}"));
    }
    let times = [
        ("paid_dtime", row.paid_dtime, state.paid_dtime),
        ("refund_dtime", row.refund_dtime, state.refund_dtime),
        ("finish_dtime", row.finish_dtime, state.finish_dtime),
    ];
    for (column, is, should) in times {
        if is != should {
            let text =
                |time: Option<DateTime<Utc>>| time.map_or("none".into(), |time| time.to_rfc3339());
            let what = format!("{column} is {}, the trades say {}", text(is), text(should));
            found.add(GapKind::WrongTimes, what);
        }
    }
    let flags = [
        ("is_send_goods", row.is_send_goods, record.goods_are_out()),
        ("is_return_goods", row.is_return_goods, record.goods_are_back()),
    ];
    for (column, is, should) in flags {
        if is != should {
            let state = record.fulfillment.map_or("missing", FulfillmentState::as_str);
            let what = format!("{column} is {}, the fulfillment is {state}", u8::from(is));
            found.add(GapKind::WrongGoodsFlags, what);
        }
    }
}

//! Notifications and answers of a trade `T1` of 10 yuan, unless another one is named.

use alipay::{
    BankReturn, BankReturnState, BatchRefundItem, BatchRefundNotify, FeeLeg, Fen, RefundStatus,
    TradeStatus, TradeStatusSync, parse_beijing,
};
use chrono::{DateTime, Utc};
use order::ConfirmedRefund;

use super::Said;

pub(super) fn at(text: &str) -> DateTime<Utc> {
    parse_beijing(text).expect("a time")
}

/// A trade_status_sync of `trade_no` with nothing but a status.
fn sync(trade_no: &str, status: TradeStatus) -> TradeStatusSync {
    TradeStatusSync {
        out_trade_no: "R1".into(),
        trade_no: trade_no.into(),
        trade_status: status,
        refund_status: None,
        total: Fen::new(1000),
        refund_fee: None,
        request_no: None,
        currency: None,
        gmt_create: Some(at("2026-01-05 10:00:01")),
        gmt_payment: None,
        gmt_refund: None,
        gmt_close: None,
        notify_time: Some(at("2026-01-05 10:00:02")),
        app_id: Some("2021000000000001".into()),
        parties: alipay::Parties {
            seller_id: Some("2088000000000001".into()),
            buyer_id: Some("2088000000000002".into()),
            buyer_email: Some("buyer@example.com".into()),
            ..alipay::Parties::default()
        },
    }
}

pub(super) fn told(status: TradeStatus, change: impl FnOnce(&mut TradeStatusSync)) -> Said {
    told_of("T1", status, change)
}

pub(super) fn told_of(
    trade_no: &str,
    status: TradeStatus,
    change: impl FnOnce(&mut TradeStatusSync),
) -> Said {
    let mut notification = sync(trade_no, status);
    change(&mut notification);
    Said::Trade(Box::new(notification))
}

pub(super) fn waits() -> Said {
    told(TradeStatus::WaitBuyerPay, |_| {})
}

pub(super) fn pays() -> Said {
    told(TradeStatus::TradeSuccess, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00")))
}

pub(super) fn refunds(running: i64, request: &str, time: &str) -> Said {
    let status = if running >= 1000 { TradeStatus::TradeClosed } else { TradeStatus::TradeSuccess };
    told(status, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.refund_fee = Some(Fen::new(running));
        n.gmt_refund = Some(at(time));
        n.request_no = Some(request.into());
        n.notify_time = Some(at(time));
        if running >= 1000 {
            n.gmt_close = Some(at(time));
        }
    })
}

pub(super) fn finishes() -> Said {
    told(TradeStatus::TradeFinished, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.gmt_close = Some(at("2026-04-05 10:01:00"));
        n.refund_fee = Some(Fen::new(0));
        n.notify_time = Some(at("2026-04-05 10:01:01"));
    })
}

pub(super) fn closes_unpaid() -> Said {
    told(TradeStatus::TradeClosed, |n| {
        n.refund_fee = Some(Fen::new(0));
        n.gmt_close = Some(at("2026-01-05 10:30:00"));
    })
}

pub(super) fn legacy_refund(status: TradeStatus) -> Said {
    told(status, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.refund_status = Some(RefundStatus::Success);
        n.gmt_refund = Some(at("2026-01-06 09:00:00.123"));
    })
}

/// A batch about `T1` alone.
pub(super) fn batch(batch_no: &str, amount: i64, result: &str) -> Said {
    batch_of(batch_no, vec![item("T1", amount, result)])
}

pub(super) fn batch_of(batch_no: &str, items: Vec<BatchRefundItem>) -> Said {
    Said::Batch(BatchRefundNotify {
        batch_no: batch_no.into(),
        notify_time: Some(at("2026-01-06 09:00:01")),
        success_num: None,
        items,
    })
}

pub(super) fn item(trade_no: &str, amount: i64, result: &str) -> BatchRefundItem {
    BatchRefundItem {
        trade_no: trade_no.into(),
        amount: Fen::new(amount),
        result: result.into(),
        bank: None,
        fee: None,
    }
}

/// With a service fee that has a result of its own, and a bank that has not paid out yet.
pub(super) fn item_with_legs(
    trade_no: &str,
    amount: i64,
    result: &str,
    fee: &str,
) -> BatchRefundItem {
    BatchRefundItem {
        bank: Some(BankReturn { to_bank: true, state: BankReturnState::InProgress }),
        fee: Some(FeeLeg {
            account: "fee@example.com".into(),
            user_id: "2088000000000009".into(),
            amount: Fen::new(10),
            result: fee.into(),
        }),
        ..item(trade_no, amount, result)
    }
}

/// A refund of `amount` by request `request` was made; the running total is `running` then.
pub(super) fn refund_answers(amount: i64, running: i64, request: &str, time: &str) -> Said {
    Said::RefundAnswer(ConfirmedRefund {
        out_trade_no: "R1".into(),
        trade_no: "T1".into(),
        request_no: request.into(),
        amount: Fen::new(amount),
        refunded: Some(Fen::new(running)),
        total: None,
        gmt_refund: Some(at(time)),
        asked_at: at(time),
    })
}

/// What the gateway answers at `time`.
pub(super) fn answers(
    time: &str,
    status: TradeStatus,
    change: impl FnOnce(&mut TradeStatusSync),
) -> Said {
    let mut answer = sync("T1", status);
    answer.notify_time = Some(at(time));
    // An answer of the Open Platform names neither.
    answer.app_id = None;
    answer.parties.seller_id = None;
    change(&mut answer);
    Said::Answer(Box::new(answer))
}

pub(super) fn answers_paid(time: &str) -> Said {
    answers(time, TradeStatus::TradeSuccess, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00")))
}

/// Closed after a payment: the money went back.
pub(super) fn answers_closed(time: &str) -> Said {
    answers(time, TradeStatus::TradeClosed, |n| n.gmt_payment = Some(at("2026-01-05 10:01:00")))
}

/// Closed after a payment, at noon, without a word about the money.
pub(super) fn closes_paid() -> Said {
    told(TradeStatus::TradeClosed, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.gmt_close = Some(at("2026-01-05 12:00:00"));
    })
}

/// `T2` is paid, an hour after the first.
pub(super) fn pays_second() -> Said {
    told_of("T2", TradeStatus::TradeSuccess, |n| n.gmt_payment = Some(at("2026-01-05 11:00:00")))
}

/// The gateway says that it was.
pub(super) fn answers_of_second(time: &str) -> Said {
    answers(time, TradeStatus::TradeSuccess, |n| {
        n.trade_no = "T2".into();
        n.gmt_payment = Some(at("2026-01-05 11:00:00"));
    })
}

/// A refund in part that names no request.
pub(super) fn refunds_unnumbered(running: i64, time: &str) -> Said {
    told(TradeStatus::TradeSuccess, |n| {
        n.gmt_payment = Some(at("2026-01-05 10:01:00"));
        n.refund_fee = Some(Fen::new(running));
        n.gmt_refund = Some(at(time));
        n.notify_time = Some(at(time));
    })
}

/// Paid a second after the time at which an order with a time expires.
pub(super) const LATE: &str = "2026-01-05 10:30:01";

pub(super) fn pays_late() -> Said {
    told(TradeStatus::TradeSuccess, |n| {
        n.gmt_payment = Some(at(LATE));
        n.notify_time = Some(at(LATE));
    })
}

/// The gateway says at `time` that it was paid late.
pub(super) fn answers_late(time: &str) -> Said {
    answers(time, TradeStatus::TradeSuccess, |n| n.gmt_payment = Some(at(LATE)))
}

/// Late money goes back; it is the running total.
pub(super) fn refunds_late(running: i64) -> Said {
    let status = if running >= 1000 { TradeStatus::TradeClosed } else { TradeStatus::TradeSuccess };
    told(status, |n| {
        n.gmt_payment = Some(at(LATE));
        n.refund_fee = Some(Fen::new(running));
        n.gmt_refund = Some(at("2026-01-05 10:31:00.1"));
        n.request_no = Some("late".into());
        n.gmt_close = (running >= 1000).then(|| at("2026-01-05 10:31:00"));
        n.notify_time = Some(at("2026-01-05 10:31:01"));
    })
}

/// Alipay has nothing to close.
pub(super) fn expires(time: &str) -> Said {
    Said::Expiry(at(time))
}

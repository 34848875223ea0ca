//! Sequences of one trade: which fields distinguish the events.

use alipay::{Fen, Form, Notification as Read, Protocol, RefundStatus, TradeStatus};
use simulator::{
    AlipayTrade, BatchRefundLine, NotificationKind, Status, TradeError, UnsignedNotification,
};

use crate::merchants::{mapi, md5, openapi, time, trade};

const PAID: &str = "2026-11-23 12:01:00";

/// trade_status, refund_fee, gmt_refund, gmt_payment, gmt_close, out_biz_no, and whether the
/// payment's own fields are there.
fn telling(notification: &UnsignedNotification) -> [Option<&str>; 7] {
    let funds = ["fund_bill_list", "receipt_amount", "buyer_pay_amount"];
    let present = funds.iter().filter(|name| notification.parameter(name).is_some()).count();
    let value = |name| notification.parameter(name);
    let funds = match present {
        0 => None,
        3 => Some("funds"),
        _ => panic!("some of {funds:?}"),
    };
    [
        value("trade_status"),
        value("refund_fee"),
        value("gmt_refund"),
        value("gmt_payment"),
        value("gmt_close"),
        value("out_biz_no"),
        funds,
    ]
}

fn milliseconds(text: &str, milliseconds: i64) -> chrono::DateTime<chrono::Utc> {
    time(text) + chrono::TimeDelta::milliseconds(milliseconds)
}

#[test]
fn openapi_notifications_show_which_event_happened() {
    let paid = Some(PAID);
    let mut trade = trade(&openapi());
    let pay = trade.pay(time(PAID)).unwrap();
    let part =
        trade.refund(Fen::new(3_00), Some("R1"), milliseconds("2026-11-23 13:00:00", 7)).unwrap();
    let part2 =
        trade.refund(Fen::new(2_50), Some("R2"), milliseconds("2026-11-23 14:00:00", 470)).unwrap();
    let rest = trade.refund(Fen::new(4_50), Some("R3"), time("2026-11-23 15:00:00")).unwrap();
    assert_eq!(telling(&pay), [Some("TRADE_SUCCESS"), None, None, paid, None, None, Some("funds")]);
    assert_eq!(
        telling(&part.sync),
        [
            Some("TRADE_SUCCESS"),
            Some("3.00"),
            Some("2026-11-23 13:00:00.007"),
            paid,
            None,
            Some("R1"),
            None
        ]
    );
    assert_eq!(
        telling(&part2.sync),
        [
            Some("TRADE_SUCCESS"),
            Some("5.50"),
            Some("2026-11-23 14:00:00.470"),
            paid,
            None,
            Some("R2"),
            None
        ],
        "refund_fee is the running total"
    );
    assert_eq!(
        telling(&rest.sync),
        [
            Some("TRADE_CLOSED"),
            Some("10.00"),
            Some("2026-11-23 15:00:00.000"),
            paid,
            Some("2026-11-23 15:00:00"),
            Some("R3"),
            None
        ]
    );
}

#[test]
fn openapi_close_and_finish_notify_no_refund() {
    let closed = Some("2026-11-23 12:15:00");
    let at = time("2026-11-23 12:15:00");
    let unpaid = trade(&openapi()).close(at).unwrap();
    assert_eq!(
        telling(&unpaid),
        [Some("TRADE_CLOSED"), Some("0.00"), None, None, closed, None, None]
    );
    let finished = trade(&openapi()).pay_finished(at).unwrap();
    assert_eq!(
        telling(&finished),
        [Some("TRADE_FINISHED"), Some("0.00"), None, closed, closed, None, Some("funds")]
    );
    let mut paid = trade(&openapi());
    paid.pay(time(PAID)).unwrap();
    let silent = paid.clone().close_after_payment(at).unwrap();
    assert_eq!(
        telling(&silent),
        [Some("TRADE_CLOSED"), None, None, Some(PAID), closed, None, None]
    );
    let refused = paid.clone().refund_closed(at).unwrap();
    assert_eq!(refused.parameter("refund_status"), Some("REFUND_CLOSED"));
    assert_eq!(refused.parameter("trade_status"), Some("TRADE_SUCCESS"));
    let over = paid.finish(at).unwrap();
    assert_eq!(
        telling(&over),
        [Some("TRADE_FINISHED"), Some("0.00"), None, Some(PAID), closed, None, None]
    );
}

/// What a receiver reads in the body of a notification.
fn read(notification: UnsignedNotification, protocol: Protocol) -> Read {
    let charset = notification.charset;
    let body = notification.sign(&md5()).unwrap().body();
    Read::read(&Form::parse(&body).unwrap(), protocol, charset).unwrap()
}

#[test]
fn a_legacy_refund_is_notified_twice_with_one_amount() {
    let mut trade = trade(&mapi());
    trade.pay(time(PAID)).unwrap();
    let at = milliseconds("2026-11-23 13:00:00", 676);
    let refund = trade.refund(Fen::new(3_00), Some("20261123001"), at).unwrap();
    assert_eq!(trade.status, Status::TradeSuccess);
    assert_eq!(refund.sync.parameter("gmt_refund"), Some("2026-11-23 13:00:00.676"));
    let batch = refund.batch.clone().unwrap();
    assert_eq!(batch.parameter("success_num"), Some("1"));

    let Read::Trade(sync) = read(refund.sync, Protocol::Mapi) else { panic!("a trade") };
    assert_eq!(sync.refund_status, Some(RefundStatus::Success));
    assert_eq!(sync.trade_status, TradeStatus::TradeSuccess);
    assert_eq!(sync.refund_fee, None);
    assert_eq!(sync.gmt_refund, Some(at));
    let Read::BatchRefund(batch) = read(batch, Protocol::Mapi) else { panic!("a batch") };
    assert_eq!(batch.batch_no, "20261123001");
    assert_eq!(batch.items.len(), 1);
    assert_eq!(batch.items[0].trade_no, trade.trade_no);
    assert_eq!(batch.items[0].amount, Fen::new(3_00));
    assert!(batch.items[0].succeeded());

    let rest = trade.refund(Fen::new(7_00), None, time("2026-11-23 14:00:00")).unwrap();
    let Read::Trade(sync) = read(rest.sync, Protocol::Mapi) else { panic!("a trade") };
    assert_eq!(sync.trade_status, TradeStatus::TradeClosed);
    assert_eq!(sync.gmt_close, Some(time("2026-11-23 14:00:00")));
    let batch_no = rest.batch.unwrap().parameter("batch_no").unwrap().to_owned();
    assert!(batch_no.starts_with("20261123") && (11..=32).contains(&batch_no.len()), "{batch_no}");
}

#[test]
fn a_legacy_batch_reports_a_failed_item() {
    let mut trade = trade(&mapi());
    let items = [
        BatchRefundLine::success("2016052621001004180237340740", Fen::new(10)),
        BatchRefundLine::failed("2017022721001004880233243222", Fen::new(2), "TRADE_HAS_CLOSED"),
    ];
    let batch = trade.batch_refund_notify("20261123001", &items, time(PAID));
    assert_eq!(batch.kind, NotificationKind::BatchRefund);
    assert_eq!(
        batch.parameter("result_details"),
        Some(
            "2016052621001004180237340740^0.10^SUCCESS#\
             2017022721001004880233243222^0.02^TRADE_HAS_CLOSED"
        )
    );
    assert_eq!(batch.parameter("success_num"), Some("1"));
}

#[test]
fn a_failed_legacy_refund_leaves_the_trade_paid() {
    let mut trade = trade(&mapi());
    trade.pay(time(PAID)).unwrap();
    let refused = trade.refund_closed(time("2026-11-23 13:00:00")).unwrap();
    let Read::Trade(refused) = read(refused, Protocol::Mapi) else { panic!("a trade") };
    assert_eq!(refused.refund_status, Some(RefundStatus::Closed));
    assert_eq!(refused.trade_status, TradeStatus::TradeSuccess);
    assert_eq!(refused.gmt_refund, None);
}

#[test]
fn invalid_trade_steps_are_refused() {
    let at = time("2026-11-23 13:00:00");
    let mut trade = trade(&openapi());
    let not_now = |trade: &AlipayTrade, step: &'static str, status| TradeError::NotNow {
        step,
        out_trade_no: trade.out_trade_no.clone(),
        status,
    };
    let before = trade.clone();
    assert_eq!(
        trade.refund(Fen::new(1), None, at).unwrap_err(),
        not_now(&trade, "refund", Status::WaitBuyerPay)
    );
    assert_eq!(trade.finish(at).unwrap_err(), not_now(&trade, "finish", Status::WaitBuyerPay));
    assert_eq!(trade, before, "nothing has changed");
    trade.pay(at).unwrap();
    assert_eq!(trade.pay(at).unwrap_err(), not_now(&trade, "pay", Status::TradeSuccess));
    assert_eq!(trade.close(at).unwrap_err(), not_now(&trade, "close", Status::TradeSuccess));
    trade.refund(Fen::new(9_00), None, at).unwrap();
    for asked in [Fen::new(1_01), Fen::new(0), Fen::new(-1)] {
        assert_eq!(
            trade.refund(asked, None, at).unwrap_err(),
            TradeError::RefundAmount {
                out_trade_no: "A100".to_owned(),
                asked,
                left: Fen::new(1_00)
            }
        );
    }
    trade.refund(Fen::new(1_00), None, at).unwrap();
    assert_eq!(
        trade.refund(Fen::new(1), None, at).unwrap_err(),
        not_now(&trade, "refund", Status::TradeClosed)
    );
}

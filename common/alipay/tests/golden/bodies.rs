//! Captured messages.

use alipay::{
    BankReturn, BankReturnState, BatchRefundNotify, Charset, Fen, Form, Notification, Protocol,
    RefundStatus, TradeStatus, TradeStatusSync, ascii_form, format_beijing, parse_beijing,
};
use serde_json::Value;

use crate::fixture;

fn protocol(form: &Form) -> Protocol {
    if form.get("app_id").is_some() { Protocol::Openapi } else { Protocol::Mapi }
}

fn read(body: &Value) -> Notification {
    let form = fixture::form(body);
    let charset = Charset::of(&form, fixture::charset(body)).unwrap();
    Notification::read(&form, protocol(&form), charset).unwrap()
}

fn trade(name: &str) -> TradeStatusSync {
    match read(&fixture::json(name)) {
        Notification::Trade(trade) => *trade,
        other => panic!("{name}: {other:?}"),
    }
}

fn batch(name: &str) -> BatchRefundNotify {
    match read(&fixture::json(name)) {
        Notification::BatchRefund(batch) => batch,
        other => panic!("{name}: {other:?}"),
    }
}

fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[test]
fn every_body_is_read() {
    let bodies = fixture::folder("bodies");
    let mut count = [0; 3];
    for (name, body) in &bodies {
        let form = fixture::form(body);
        assert_eq!(Form::parse(form.encode().as_bytes()).as_ref(), Ok(&form), "{name}");
        match (body["channel"].as_str().unwrap(), read(body)) {
            ("notify", Notification::Trade(trade)) => {
                assert_eq!(form.get("out_trade_no"), Some(trade.out_trade_no.as_bytes()));
                assert!(trade.notify_time.is_some() && trade.gmt_create.is_some(), "{name}");
                count[0] += 1;
            }
            ("refund_notify", Notification::BatchRefund(batch)) => {
                assert_eq!(form.get("batch_no"), Some(batch.batch_no.as_bytes()));
                let succeeded = batch.items.iter().filter(|item| item.succeeded()).count();
                let announced = form.get("success_num").unwrap();
                assert_eq!(succeeded.to_string().as_bytes(), announced, "{name}");
                assert_eq!((batch.success_num, batch.count_differs()), (Some(succeeded), None));
                count[1] += 1;
            }
            // A return URL names the trade as a notification does, with fewer parameters.
            ("return", Notification::Trade(trade)) => {
                assert_eq!(trade.trade_status, TradeStatus::TradeSuccess, "{name}");
                count[2] += 1;
            }
            (channel, other) => panic!("{name}: {channel} read as {other:?}"),
        }
    }
    println!("{} bodies", bodies.len());
    assert_eq!(count, [8, 4, 2], "files are missing or new: adapt these numbers");
}

/// What Alipay wrote, byte by byte, where no `*` of a mask is in it.
#[test]
fn raw_bodies_are_encoded_as_alipay_encodes_them() {
    let mut ran = 0;
    for (name, body) in &fixture::folder("bodies") {
        let Some(raw) = body["body"].as_str() else { continue };
        let form = Form::parse(raw.as_bytes()).unwrap();
        assert_eq!(form.encode(), raw.replace("%2A", "*"), "{name}");
        assert_eq!(ascii_form(raw.as_bytes()), raw, "{name}");
        ran += 1;
    }
    assert_eq!(ran, 4, "files are missing or new: adapt this number");
}

#[test]
fn a_gbk_body() {
    let body = fixture::json("bodies/22-open-gbk-raw.json");
    let form = fixture::form(&body);
    assert_eq!(Charset::of(&form, Charset::Utf8), Ok(Charset::Gbk));
    assert_eq!(Charset::Gbk.decode(form.get("subject").unwrap()).unwrap(), "\u{6d4b}\u{8bd5}");
    assert!(Charset::Utf8.decode(form.get("subject").unwrap()).is_err());
}

#[test]
fn a_payment_at_the_legacy_gateway() {
    let trade = trade("bodies/20-legacy-md5-notify-19min.json");
    assert_eq!(trade.out_trade_no, "R190151879");
    assert_eq!(trade.trade_no, "2014111363338388");
    assert_eq!(trade.trade_status, TradeStatus::TradeSuccess);
    assert_eq!((trade.total, trade.refund_fee), (Fen::new(275), None));
    assert_eq!(trade.parties.seller_id, text("2088611493982911"));
    assert_eq!(trade.parties.buyer_email, text("buyer@example.com"));
    assert_eq!(trade.gmt_payment, Some(parse_beijing("2014-11-13 20:39:50").unwrap()));
    assert_eq!((trade.refund_status, trade.gmt_refund, trade.app_id), (None, None, None));
}

#[test]
fn a_refund_in_full_at_the_legacy_gateway() {
    let trade = trade("bodies/11-legacy-full-refund.json");
    assert_eq!(trade.trade_status, TradeStatus::TradeClosed);
    assert_eq!(trade.refund_status, Some(RefundStatus::Success));
    assert_eq!((trade.total, trade.refund_fee), (Fen::new(1), None));
    assert_eq!(format_beijing(trade.gmt_refund.unwrap()), "2016-12-15 15:18:59.676");
}

#[test]
fn a_refund_in_part_on_the_open_platform() {
    let trade = trade("bodies/24-open-partial-refund-final-retry.json");
    assert_eq!(trade.trade_status, TradeStatus::TradeSuccess);
    assert_eq!((trade.total, trade.refund_fee), (Fen::new(200), Some(Fen::new(54))));
    assert_eq!(trade.request_no, text("11A52588636265908"));
    assert_eq!(trade.app_id, text("2017101309291418"));
    assert_eq!(trade.parties.buyer_email, text("buy***@example.com"));
    assert_eq!(trade.gmt_close, None);
}

#[test]
fn a_timeout_carries_a_refund_fee_of_zero() {
    let trade = trade("bodies/29-open-timeout-close.json");
    assert_eq!(trade.trade_status, TradeStatus::TradeClosed);
    assert_eq!(trade.refund_fee, Some(Fen::new(0)));
    assert_eq!((trade.gmt_payment, trade.gmt_refund, trade.refund_status), (None, None, None));
}

#[test]
fn batch_refunds() {
    let plain = batch("bodies/01-batch-refund-raw.json");
    assert_eq!(plain.batch_no, "20160527RP201605260001101");
    assert_eq!(plain.notify_time, Some(parse_beijing("2016-05-27 09:26:32").unwrap()));
    let item = &plain.items[0];
    assert_eq!(item.trade_no, "2016052621001004180237340740");
    assert_eq!((item.amount, item.result.as_str()), (Fen::new(10), "SUCCESS"));
    assert_eq!((&item.bank, &item.fee), (&None, &None));

    let bank = batch("bodies/03-batch-refund-bank-return-and-fee.json");
    let item = &bank.items[0];
    let expected = BankReturn { to_bank: true, state: BankReturnState::InProgress };
    assert_eq!(item.bank, Some(expected));
    assert_eq!(item.fee.as_ref().unwrap().account, "seller@example.com");
    assert!(item.succeeded());

    let failed = batch("bodies/05-batch-refund-failed-fee.json");
    assert_eq!(failed.items[0].result, "REFUND_TRADE_FEE_ERROR");
    assert!(!failed.items[0].succeeded());
}

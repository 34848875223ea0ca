//! What makes a notification unreadable, and what does not.

use alipay::{
    Charset, Fen, Form, Notification, Protocol, RefundStatus, TradeStatus, TradeStatusSync,
    Unreadable,
};

const TRADE: &str = "out_trade_no=A-1&trade_no=2014111363338388&trade_status=TRADE_SUCCESS\
    &total_fee=2.75&total_amount=3";
const BATCH: &str = "notify_type=batch_refund_notify&batch_no=20160811001\
    &result_details=2014111363338388%5E0.01%5ESUCCESS";

/// A body with some parameters replaced or added; a value of `-` removes the parameter.
fn form(body: &str, changes: &[(&str, &str)]) -> Form {
    let mut form = Form::parse(body.as_bytes()).unwrap();
    for &(name, value) in changes {
        match value {
            "-" => drop(form.remove(name)),
            _ => form.set(name, value),
        }
    }
    form
}

fn trade(protocol: Protocol, changes: &[(&str, &str)]) -> Result<TradeStatusSync, Unreadable> {
    match Notification::read(&form(TRADE, changes), protocol, Charset::Utf8)? {
        Notification::Trade(trade) => Ok(*trade),
        other => panic!("{other:?}"),
    }
}

fn mapi(changes: &[(&str, &str)]) -> Result<TradeStatusSync, Unreadable> {
    trade(Protocol::Mapi, changes)
}

/// Reason code and message of an error.
fn refused<T: std::fmt::Debug>(result: Result<T, Unreadable>) -> (&'static str, String) {
    let error = result.unwrap_err();
    (error.reason_code(), error.to_string())
}

#[test]
fn each_protocol_has_its_total() {
    assert_eq!(mapi(&[("total_amount", "x")]).unwrap().total, Fen::new(275));
    let openapi = trade(Protocol::Openapi, &[("total_fee", "x")]).unwrap();
    assert_eq!(openapi.total, Fen::new(300));
    let missing = refused(trade(Protocol::Openapi, &[("total_amount", "-")]));
    assert_eq!(missing.1, "the parameter total_amount is missing");
}

#[test]
fn the_items_of_a_batch_decide_and_its_number_is_compared() {
    let details = "1^0.01^SUCCESS#2^0.02^TRADE_HAS_CLOSED#3^0.03^SUCCESS";
    let odd = |number: &str| {
        let form = form(BATCH, &[("success_num", number), ("result_details", details)]);
        match Notification::read(&form, Protocol::Mapi, Charset::Utf8).unwrap() {
            Notification::BatchRefund(batch) => {
                assert_eq!(batch.items.iter().filter(|item| item.succeeded()).count(), 2);
                batch.count_differs()
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((odd("2"), odd("02")), (None, None));
    let text = "success_num is 3, but 2 of 3 items say SUCCESS";
    assert_eq!(odd("3").as_deref(), Some(text));
    assert!(odd("0").is_some());
    // What is no number contradicts nothing.
    for none in ["-", "", "+3", "-3", "3.0", "three", "\u{ff13}", "99999999999999999999999"] {
        assert_eq!(odd(none), None, "{none}");
    }
}

#[test]
fn an_absent_notify_type_is_a_trade() {
    assert!(mapi(&[("notify_type", "trade_status_sync")]).is_ok());
    assert!(mapi(&[("notify_type", "")]).is_ok());
    let (code, message) = refused(mapi(&[("notify_type", "batch_trans_notify\u{7}")]));
    assert_eq!(code, "unknown_notify_type");
    assert_eq!(message, "unknown notify_type batch_trans_notify\\x07");
}

#[test]
fn without_these_there_is_no_trade() {
    for parameter in ["out_trade_no", "trade_no", "trade_status", "total_fee"] {
        for value in ["-", ""] {
            let (code, message) = refused(mapi(&[(parameter, value)]));
            assert_eq!(code, "missing_parameter");
            assert_eq!(message, format!("the parameter {parameter} is missing"));
        }
    }
}

#[test]
fn empty_optional_values_are_absent() {
    let empty = mapi(&[
        ("refund_fee", ""),
        ("refund_status", ""),
        ("gmt_payment", ""),
        ("notify_time", ""),
        ("seller_id", ""),
        ("currency", ""),
        ("trans_currency", "CNY"),
        ("buyer_email", ""),
        ("buyer_logon_id", "buy***@example.com"),
    ])
    .unwrap();
    assert_eq!((empty.refund_fee, empty.refund_status, empty.gmt_payment), (None, None, None));
    assert_eq!((empty.notify_time, empty.parties.seller_id), (None, None));
    assert_eq!(empty.currency.as_deref(), Some("CNY"));
    assert_eq!(empty.parties.buyer_email.as_deref(), Some("buy***@example.com"));
    // How buyer and seller are charged says nothing about the order's price.
    let settled = mapi(&[("pay_currency", "USD"), ("settle_currency", "EUR")]).unwrap();
    assert_eq!(settled.currency, None);
    let priced = mapi(&[("settle_currency", "CNY"), ("trans_currency", "USD")]).unwrap();
    assert_eq!(priced.currency.as_deref(), Some("USD"));
    // Applications made since 2023 get this in place of buyer_id.
    let open = mapi(&[("buyer_id", ""), ("buyer_open_id", "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5")]);
    assert_eq!(
        open.unwrap().parties.buyer_id.as_deref(),
        Some("074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5")
    );
}

#[test]
fn unknown_words_are_kept() {
    let trade = mapi(&[("trade_status", "trade_success"), ("refund_status", "X")]).unwrap();
    assert_eq!(trade.trade_status, TradeStatus::Unknown("trade_success".to_owned()));
    assert_eq!(trade.refund_status, Some(RefundStatus::Unknown("X".to_owned())));
}

#[test]
fn amounts() {
    for (parameter, value) in [("total_fee", "1e2"), ("refund_fee", "-1"), ("refund_fee", " 1")] {
        let (code, message) = refused(mapi(&[(parameter, value)]));
        assert_eq!(code, "unreadable_amount");
        assert!(message.starts_with(&format!("{parameter}: {value:?} is not")), "{message}");
    }
    let (code, message) = refused(mapi(&[("total_fee", "0.00")]));
    assert_eq!(code, "unreadable_amount");
    assert_eq!(message, "total_fee: the total of a trade is above zero");
    // Amounts that nobody uses may look as they like.
    assert!(mapi(&[("discount", "-5"), ("price", "free"), ("receipt_amount", "x")]).is_ok());
}

#[test]
fn times() {
    for parameter in ["gmt_create", "gmt_payment", "gmt_refund", "gmt_close", "notify_time"] {
        let (code, message) = refused(mapi(&[(parameter, "2015-14-27 15:45:57")]));
        assert_eq!(code, "unreadable_time");
        assert!(message.starts_with(&format!("{parameter}: \"2015-14-27")), "{message}");
    }
}

#[test]
fn order_numbers() {
    let longest = "x".repeat(64);
    let too_long = "x".repeat(65);
    // Bytes count, not characters: three each here.
    let chinese = "\u{4e2d}".repeat(22);
    for good in ["1", " A 1 ", "a/b?c=d&e", longest.as_str(), "\u{4e2d}\u{6587}-1"] {
        assert_eq!(mapi(&[("out_trade_no", good)]).unwrap().out_trade_no, good);
    }
    for parameter in ["out_trade_no", "trade_no"] {
        for bad in [too_long.as_str(), chinese.as_str(), "a\n", "a\0", "a\u{7f}", "\u{85}"] {
            let (code, message) = refused(mapi(&[(parameter, bad)]));
            assert_eq!(code, "unreadable_order_number", "{bad:?}");
            assert!(message.starts_with(&format!("{parameter}: it ")), "{message}");
        }
    }
}

#[test]
fn only_used_values_must_be_text() {
    let mut form = form(TRADE, &[]);
    form.set("subject", b"\xb2\xe2");
    assert!(Notification::read(&form, Protocol::Mapi, Charset::Utf8).is_ok());
    form.set("buyer_email", b"\xb2\xe2");
    let result = Notification::read(&form, Protocol::Mapi, Charset::Utf8);
    let expected = ("invalid_charset", "buyer_email: the bytes are not valid utf-8".to_owned());
    assert_eq!(refused(result), expected);
    let Ok(Notification::Trade(trade)) = Notification::read(&form, Protocol::Mapi, Charset::Gbk)
    else {
        panic!("GBK");
    };
    assert_eq!(trade.parties.buyer_email.as_deref(), Some("\u{6d4b}"));
}

#[test]
fn a_batch_needs_its_number_and_its_details() {
    let batch = |changes: &[(&str, &str)]| {
        Notification::read(&form(BATCH, changes), Protocol::Mapi, Charset::Utf8)
    };
    assert!(matches!(batch(&[]).unwrap(), Notification::BatchRefund(batch)
        if batch.batch_no == "20160811001" && batch.items.len() == 1));
    for parameter in ["batch_no", "result_details"] {
        let expected = ("missing_parameter", format!("the parameter {parameter} is missing"));
        assert_eq!(refused(batch(&[(parameter, "")])), expected);
    }
    assert_eq!(refused(batch(&[("batch_no", "1\t")])).0, "unreadable_order_number");
    assert_eq!(refused(batch(&[("notify_time", "now")])).0, "unreadable_time");
    let (code, message) = refused(batch(&[("result_details", "1^1^SUCCESS#2^0.001^SUCCESS")]));
    assert_eq!(code, "unreadable_result_details");
    let expected = "result_details: item 2: the amount \"0.001\" has more than two decimals";
    assert_eq!(message, expected);
}

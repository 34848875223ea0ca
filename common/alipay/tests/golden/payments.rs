//! Requests that move money, and those beside them.

use alipay::{
    Charset, Fen, Form, NotifyVerify, Payment, PlatformRefund, PlatformRefundItem, QueryTimestamp,
    RefundQuery, RequestError, Rule, SignType, Signer, TradeClose, TradeRef, TradeRefund,
    canonical, link, parse_beijing, submit_page,
};

use serde_json::json;

use crate::requests::{at, md5, rsa2, signed};

const PAYMENT: Payment<'_> = Payment {
    out_trade_no: "A-1",
    subject: "\u{6d4b}\u{8bd5} + more",
    total: Fen::new(32_700),
    notify_url: Some("https://shop.example/notify"),
    return_url: None,
    more: &[],
    nested: &[],
};

/// The signed text of a request to the Open Platform; its signature is checked.
#[track_caller]
fn openapi(form: &Form) -> String {
    let Signer::Rsa2(key) = rsa2() else { panic!("RSA2") };
    let (content, sign) = (canonical(form, Rule::Request, &[]), form.get("sign").unwrap());
    assert_eq!(key.public_key().verify(SignType::Rsa2, &content, sign), Ok(()));
    String::from_utf8(content).unwrap()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(made: Result<T, RequestError>, expected: &str) {
    match made {
        Err(RequestError::Invalid { parameter, .. }) => assert_eq!(parameter, expected),
        other => panic!("{other:?}"),
    }
}

#[test]
fn create_direct_pay_by_user() {
    let form = PAYMENT.mapi("2088", "2089", Charset::Utf8, &md5()).unwrap();
    assert_eq!(
        String::from_utf8(canonical(&form, Rule::DropEmpty, &[])).unwrap(),
        "_input_charset=utf-8&notify_url=https://shop.example/notify&out_trade_no=A-1&partner=2088\
         &payment_type=1&seller_id=2089&service=create_direct_pay_by_user\
         &subject=\u{6d4b}\u{8bd5} + more&total_fee=327.00"
    );
    // By `md5sum` over this text and the secret.
    assert_eq!(form.get("sign"), Some(b"0e3dc83b998346afda44bcfae067522f".as_slice()));
    let gbk = PAYMENT.mapi("2088", "2089", Charset::Gbk, &md5()).unwrap();
    assert_eq!(gbk.get("sign"), Some(b"8929d8981dcbe6eb33827152c11bd50d".as_slice()));
    assert_eq!(gbk.get("subject"), Some(b"\xb2\xe2\xca\xd4 + more".as_slice()));
}

#[test]
fn alipay_trade_page_pay() {
    let more = [("timeout_express", "15m"), ("total_amount", "0.01")];
    let payment = Payment { return_url: Some("https://shop.example/back"), more: &more, ..PAYMENT };
    assert_eq!(
        openapi(&payment.openapi("2021", Charset::Utf8, at(), &rsa2()).unwrap()),
        "app_id=2021&biz_content={\"timeout_express\":\"15m\",\"out_trade_no\":\"A-1\",\
         \"product_code\":\"FAST_INSTANT_TRADE_PAY\",\"total_amount\":\"327.00\",\
         \"subject\":\"\u{6d4b}\u{8bd5} + more\"}&charset=utf-8&format=JSON\
         &method=alipay.trade.page.pay&notify_url=https://shop.example/notify\
         &return_url=https://shop.example/back&sign_type=RSA2&timestamp=2016-04-01 00:00:00\
         &version=1.0"
    );
}

#[test]
fn members_that_are_no_texts() {
    let goods =
        json!([{"goods_id": "1", "goods_name": "\u{6d4b}", "price": "163.50", "quantity": 2}]);
    let nested = [
        ("goods_detail", goods),
        ("extend_params", json!({"hb_fq_num": "3"})),
        ("total_amount", json!(0.01)),
        ("ext_user_info", json!({})),
    ];
    let more = [("goods_detail", "[]"), ("body", "x")];
    let payment = Payment { more: &more, nested: &nested, ..PAYMENT };
    let signed = openapi(&payment.openapi("2021", Charset::Utf8, at(), &rsa2()).unwrap());
    let content = "biz_content={\"body\":\"x\",\"goods_detail\":[{\"goods_id\":\"1\",\
        \"goods_name\":\"\u{6d4b}\",\"price\":\"163.50\",\"quantity\":2}],\
        \"extend_params\":{\"hb_fq_num\":\"3\"},\"out_trade_no\":\"A-1\",\
        \"product_code\":\"FAST_INSTANT_TRADE_PAY\",\"total_amount\":\"327.00\",";
    assert!(signed.contains(content), "{signed}");
    refused(payment.mapi("2088", "2089", Charset::Utf8, &md5()), "nested");
}

#[test]
fn what_is_given_in_addition_changes_nothing_else() {
    let more = [("total_fee", "0.01"), ("it_b_pay", "15m"), ("service", "x"), ("body", "")];
    let payment = Payment { more: &more, ..PAYMENT };
    let form = payment.mapi("2088", "2089", Charset::Utf8, &md5()).unwrap();
    assert_eq!(form.get("total_fee"), Some(b"327.00".as_slice()));
    assert_eq!(form.get("service"), Some(b"create_direct_pay_by_user".as_slice()));
    assert_eq!(form.get("it_b_pay"), Some(b"15m".as_slice()));
    assert_eq!(form.get("body"), None);
}

#[test]
fn payments_that_are_not_asked_for() {
    let mapi = |payment: Payment<'_>| payment.mapi("2088", "2089", Charset::Gbk, &md5());
    refused(mapi(Payment { out_trade_no: "", ..PAYMENT }), "out_trade_no");
    refused(mapi(Payment { out_trade_no: "a\n", ..PAYMENT }), "out_trade_no");
    refused(mapi(Payment { subject: " ", ..PAYMENT }), "subject");
    refused(mapi(Payment { total: Fen::new(0), ..PAYMENT }), "total");
    refused(mapi(Payment { total: Fen::new(-1), ..PAYMENT }), "total");
    refused(mapi(Payment { return_url: Some("https://a/?b=1"), ..PAYMENT }), "return_url");
    let payment = Payment { notify_url: Some("https://a/#b"), ..PAYMENT };
    refused(payment.openapi("2021", Charset::Utf8, at(), &rsa2()), "notify_url");
    let smile = mapi(Payment { subject: "\u{1f600}", ..PAYMENT });
    assert!(matches!(smile, Err(RequestError::Key(_))), "{smile:?}");
}

/// The signed text of such a request, or of the notification that brings its texts back, could be cut
/// in another way.
#[test]
fn texts_that_could_be_read_as_parameters_are_refused() {
    let both = |payment: Payment<'_>, expected: &str| {
        refused(payment.mapi("2088", "2089", Charset::Utf8, &md5()), expected);
        refused(payment.openapi("2021", Charset::Utf8, at(), &rsa2()), expected);
    };
    both(Payment { subject: "Tom & Jerry", ..PAYMENT }, "subject");
    let subject = "Top-up&total_fee=10.00&trade_no=77&trade_status=TRADE_SUCCESS&z=1";
    both(Payment { subject, ..PAYMENT }, "subject");
    both(Payment { out_trade_no: "A&seller_id=2", ..PAYMENT }, "out_trade_no");
    for (name, text) in [
        ("body", "a & b"),
        ("passback_params", "x&refund_fee=1"),
        ("anything", "x&refund_fee=1"),
        ("show_url", "https://a/?b=1&c=2"),
    ] {
        both(Payment { more: &[(name, text)], ..PAYMENT }, name);
    }
    for more in [
        [("show_url", "https://a/?b=1")],
        [("passback_params", "a%3D1%26b%3D2")],
        [("subject_note", "a & b")],
    ] {
        let payment = Payment { more: &more, ..PAYMENT };
        payment.mapi("2088", "2089", Charset::Utf8, &md5()).unwrap();
    }
    let nested = [("goods_detail", json!([{ "goods_name": "x&trade_status=TRADE_SUCCESS" }]))];
    let payment = Payment { nested: &nested, ..PAYMENT };
    refused(payment.openapi("2021", Charset::Utf8, at(), &rsa2()), "goods_detail");
}

#[test]
fn what_each_gateway_has_no_room_for() {
    let address = |length: usize| format!("https://a/{}", "n".repeat(length - 10));
    let mapi = |payment: Payment<'_>| payment.mapi("2088", "2089", Charset::Utf8, &md5());
    let openapi = |payment: Payment<'_>| payment.openapi("2021", Charset::Utf8, at(), &rsa2());
    let (notify, back) = (address(190), address(200));
    let largest = Payment {
        total: Fen::new(10_000_000_000),
        notify_url: Some(&notify),
        return_url: Some(&back),
        more: &[("extra_common_param", "room-4711")],
        ..PAYMENT
    };
    mapi(largest).unwrap();
    refused(mapi(Payment { total: Fen::new(10_000_000_001), ..largest }), "total");
    refused(mapi(Payment { notify_url: Some(&back), ..largest }), "notify_url");
    refused(mapi(Payment { return_url: Some(&address(201)), ..largest }), "return_url");
    for text in ["a=1", "a&b"] {
        let more = [("extra_common_param", text)];
        refused(mapi(Payment { more: &more, ..largest }), "extra_common_param");
    }
    let (long, longer) = (address(256), address(257));
    openapi(Payment { notify_url: Some(&long), return_url: Some(&long), ..PAYMENT }).unwrap();
    refused(openapi(Payment { notify_url: Some(&longer), ..PAYMENT }), "notify_url");
    refused(openapi(Payment { return_url: Some(&longer), ..PAYMENT }), "return_url");
}

#[test]
fn a_link_holds_the_whole_form() {
    let form = PAYMENT.mapi("2088", "2089", Charset::Gbk, &md5()).unwrap();
    let address = link("https://mapi.alipay.com/gateway.do", &form);
    let (gateway, query) = address.split_once('?').unwrap();
    assert_eq!(gateway, "https://mapi.alipay.com/gateway.do");
    assert!(Form::parse(query.as_bytes()).unwrap() == form);
    assert!(query.contains("&subject=%B2%E2%CA%D4+%2B+more&"), "{query}");
    assert!(link("http://127.0.0.1/?a=1", &form).starts_with("http://127.0.0.1/?a=1&service="));
}

#[test]
fn a_page_that_sends_itself() {
    let payment = Payment { subject: "\u{6d4b} \"<script>lt;'", ..PAYMENT };
    let form = payment.mapi("2088", "2089", Charset::Gbk, &md5()).unwrap();
    let page = submit_page("https://mapi.alipay.com/gateway.do", &form, Charset::Gbk).unwrap();
    assert!(page.contains(
        "<form method=\"post\" accept-charset=\"gbk\" \
         action=\"https://mapi.alipay.com/gateway.do?_input_charset=gbk\">"
    ));
    let subject = "value=\"\u{6d4b} &quot;&lt;script&gt;lt;&#39;\">";
    let subject = format!("<input type=\"hidden\" name=\"subject\" {subject}");
    assert!(page.contains(&subject), "{page}");
    assert_eq!(page.matches("<input").count(), form.len());
    assert_eq!(page.matches("<script>").count(), 1);
    let utf8 = submit_page("https://mapi.alipay.com/gateway.do", &form, Charset::Utf8);
    assert!(utf8.is_err(), "GBK bytes are no UTF-8");

    let form = PAYMENT.openapi("2021", Charset::Utf8, at(), &rsa2()).unwrap();
    let page = submit_page("https://a.example/?b=1&c=2", &form, Charset::Utf8).unwrap();
    let action = "action=\"https://a.example/?b=1&amp;c=2&amp;charset=utf-8\"";
    assert!(page.contains(action), "{page}");
}

const ITEMS: &[PlatformRefundItem<'_>] = &[
    PlatformRefundItem { trade_no: "2014", amount: Fen::new(1), reason: "test" },
    PlatformRefundItem { trade_no: "2015", amount: Fen::new(1000), reason: "\u{6d4b}" },
];
const BATCH: PlatformRefund<'_> =
    PlatformRefund { serial: "001", items: ITEMS, notify_url: Some("https://shop.example/r") };

#[test]
fn refund_fastpay_by_platform_pwd() {
    let form = BATCH.mapi("2088", "2089", Charset::Utf8, at(), &md5()).unwrap();
    assert_eq!(
        signed(&form, Rule::DropEmpty),
        "_input_charset=utf-8&batch_no=20160401001&batch_num=2\
         &detail_data=2014^0.01^test#2015^10.00^\\xe6\\xb5\\x8b\
         &notify_url=https://shop.example/r&partner=2088&refund_date=2016-04-01 00:00:00\
         &seller_user_id=2089&service=refund_fastpay_by_platform_pwd"
    );
    // The day is Beijing's: one second before midnight there it is still March.
    let before = parse_beijing("2016-03-31 23:59:59").unwrap();
    assert_eq!(BATCH.batch_no(before), "20160331001");
    assert_eq!(before.format("%d %H").to_string(), "31 15");
}

#[test]
fn refunds_that_are_not_asked_for() {
    let made = |batch: PlatformRefund<'_>| batch.mapi("2088", "2089", Charset::Gbk, at(), &md5());
    assert!(made(BATCH).is_ok());
    for serial in ["", "01", "000", "0 1", "1234567890123456789012345", "\u{6d4b}"] {
        refused(made(PlatformRefund { serial, ..BATCH }), "serial");
    }
    refused(made(PlatformRefund { items: &[], ..BATCH }), "items");
    refused(made(PlatformRefund { items: &[ITEMS[0]; 2], ..BATCH }), "items");
    let numbers: Vec<String> = (0..1001).map(|at| at.to_string()).collect();
    let many: Vec<_> =
        numbers.iter().map(|trade_no| PlatformRefundItem { trade_no, ..ITEMS[0] }).collect();
    refused(made(PlatformRefund { items: &many, ..BATCH }), "items");
    assert!(made(PlatformRefund { items: &many[..1000], ..BATCH }).is_ok());
    let item = |item: PlatformRefundItem<'_>| made(PlatformRefund { items: &[item], ..BATCH });
    refused(item(PlatformRefundItem { trade_no: "1^2", ..ITEMS[0] }), "trade_no");
    refused(item(PlatformRefundItem { amount: Fen::new(0), ..ITEMS[0] }), "amount");
    for reason in ["", "a^b", "a|b", "a$b", "a#b", "a&service=x"] {
        refused(item(PlatformRefundItem { reason, ..ITEMS[0] }), "reason");
    }
    // Bytes of the charset count: 128 characters are 256 bytes of GBK, 384 of UTF-8.
    let reason = "\u{6d4b}".repeat(128);
    assert!(item(PlatformRefundItem { reason: &reason, ..ITEMS[0] }).is_ok());
    let reason = "\u{6d4b}".repeat(129);
    refused(item(PlatformRefundItem { reason: &reason, ..ITEMS[0] }), "reason");
    let address = |length: usize| Some(format!("https://a/{}", "n".repeat(length - 10)));
    let to = |address: Option<&str>| made(PlatformRefund { notify_url: address, ..BATCH });
    assert!(to(address(200).as_deref()).is_ok());
    refused(to(address(201).as_deref()), "notify_url");
    refused(to(Some("https://a/?b=1")), "notify_url");
}

#[test]
fn alipay_trade_refund() {
    let refund = TradeRefund {
        which: TradeRef::TradeNo("2014"),
        amount: Fen::new(54),
        out_request_no: "R-1",
        reason: "",
    };
    let form = refund.openapi("2021", Charset::Utf8, at(), &rsa2()).unwrap();
    assert_eq!(
        openapi(&form),
        "app_id=2021&biz_content={\"trade_no\":\"2014\",\"refund_amount\":\"0.54\",\
         \"out_request_no\":\"R-1\"}&charset=utf-8&format=JSON&method=alipay.trade.refund\
         &sign_type=RSA2&timestamp=2016-04-01 00:00:00&version=1.0"
    );
    let made = |refund: TradeRefund<'_>| refund.openapi("2021", Charset::Utf8, at(), &rsa2());
    refused(made(TradeRefund { amount: Fen::new(0), ..refund }), "amount");
    refused(made(TradeRefund { out_request_no: "", ..refund }), "out_request_no");
}

#[test]
fn alipay_trade_fastpay_refund_query() {
    let which = TradeRef::OutTradeNo("A-1");
    let made =
        |number: &str| RefundQuery::openapi("2021", which, number, Charset::Utf8, at(), &rsa2());
    assert_eq!(
        openapi(&made("R-1").unwrap()),
        "app_id=2021&biz_content={\"out_trade_no\":\"A-1\",\"out_request_no\":\"R-1\"}\
         &charset=utf-8&format=JSON&method=alipay.trade.fastpay.refund.query&sign_type=RSA2\
         &timestamp=2016-04-01 00:00:00&version=1.0"
    );
    refused(made(""), "out_request_no");
}

#[test]
fn close() {
    let form =
        TradeClose::mapi("2088", TradeRef::OutTradeNo("A-1"), Charset::Utf8, &md5()).unwrap();
    assert_eq!(
        signed(&form, Rule::DropEmpty),
        "_input_charset=utf-8&out_order_no=A-1&partner=2088&service=close_trade"
    );
    let form = TradeClose::mapi("2088", TradeRef::TradeNo("2014"), Charset::Utf8, &md5()).unwrap();
    assert!(signed(&form, Rule::DropEmpty).ends_with("&service=close_trade&trade_no=2014"));
    let which = TradeRef::OutTradeNo("A-1");
    let form = TradeClose::openapi("2021", which, Charset::Utf8, at(), &rsa2()).unwrap();
    let text = openapi(&form);
    assert!(text.contains("&biz_content={\"out_trade_no\":\"A-1\"}&"), "{text}");
    assert!(text.contains("&method=alipay.trade.close&"), "{text}");
}

#[test]
fn unsigned_requests() {
    let form = QueryTimestamp::mapi("2088", Charset::Gbk);
    assert_eq!(form.encode(), "service=query_timestamp&partner=2088&_input_charset=gbk");
    // The number of a return URL contains an escape of its own, which is escaped once more.
    let form = NotifyVerify::mapi("2088", b"RqPnC%2Fa+b");
    assert_eq!(
        link("https://mapi.alipay.com/gateway.do", &form),
        "https://mapi.alipay.com/gateway.do?service=notify_verify&partner=2088\
         &notify_id=RqPnC%252Fa%2Bb"
    );
}

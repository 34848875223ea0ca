//! An answer in the queue counts only if one of our programs has recorded it.

use alipay::{Charset, Form, Md5Key, Rule, Signer};
use chrono::{TimeDelta, Utc};
use queue::Envelope;

use crate::alipay_side::AlipaySide;

const NO_QUERIES: (&str, &str) = ("ALIPAY__WORKER__QUERIES", "false");
const NOWHERE: &str = "http://127.0.0.1:9/gateway.do";

/// A signed text arranged as an answer of the legacy gateway, whose XML is not signed: each `&name=` of the text
/// begins an element.
fn laid_out(signed: &Form, cut: &str) -> Vec<u8> {
    let text = alipay::canonical(signed, Rule::DropEmpty, &[]);
    let text = String::from_utf8(text).expect("UTF-8");
    let (head, tail) = text.split_once(&format!("&{cut}=")).unwrap_or((&text, ""));
    let elements: String = head
        .split('&')
        .chain([format!("{cut}={tail}").as_str()])
        .filter_map(|parameter| parameter.split_once('='))
        .map(|(name, value)| format!("<{name}>{}</{name}>", value.replace('&', "&amp;")))
        .collect();
    let value = |name| String::from_utf8_lossy(signed.get(name).unwrap_or_default()).into_owned();
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<alipay><is_success>T</is_success><request></request>\
         <response><trade>{elements}</trade></response><sign>{}</sign><sign_type>MD5</sign_type></alipay>",
        value("sign")
    )
    .into_bytes()
}

fn signed(parameters: &[(&str, &str)]) -> Form {
    let mut form = Form::from_pairs(parameters.iter().copied());
    let signer = Signer::Md5(Md5Key::new("only0for0tests"));
    signer.sign_form(&mut form, Rule::DropEmpty).expect("a signature");
    form
}

/// Somebody who can publish and has any text with a valid signature cannot forge an answer.
#[tokio::test(flavor = "multi_thread")]
async fn another_signed_text_used_as_an_answer_delivers_nothing() {
    let mut side = AlipaySide::new(5);
    let _worker = side.worker(NOWHERE, &[NO_QUERIES]);
    let now = testkit::clock::beijing(Utc::now());
    let old = testkit::clock::beijing(Utc::now() - TimeDelta::days(20));
    let hostile = |order: &str| {
        format!(
            "x&gmt_payment={now}&out_trade_no={order}&seller_id=2088000000000001&total_fee=10.00\
             &trade_no=77&trade_status=TRADE_SUCCESS&zz="
        )
    };
    let link = hostile("LINK");
    let waiting = hostile("WAITING");
    let texts = [
        // A pay link of the shop's own.
        (
            "LINK",
            signed(&[
                ("_input_charset", "utf-8"),
                ("body", &link),
                ("out_trade_no", "OTHER"),
                ("service", "create_direct_pay_by_user"),
                ("total_fee", "0.01"),
            ]),
        ),
        // A notification that nothing is paid, with a text of the buyer's.
        (
            "WAITING",
            signed(&[
                ("extra_common_param", &waiting),
                ("out_trade_no", "WAITING"),
                ("total_fee", "10.00"),
                ("trade_no", "78"),
                ("trade_status", "WAIT_BUYER_PAY"),
            ]),
        ),
        // A return URL.
        (
            "RETURN",
            signed(&[
                ("is_success", "T"),
                ("out_trade_no", "RETURN"),
                ("total_fee", "10.00"),
                ("trade_no", "79"),
                ("trade_status", "TRADE_SUCCESS"),
            ]),
        ),
        // A notification of long ago.
        (
            "OLD",
            signed(&[
                ("gmt_payment", &now),
                ("notify_time", &old),
                ("out_trade_no", "OLD"),
                ("total_fee", "10.00"),
                ("trade_no", "80"),
                ("trade_status", "TRADE_SUCCESS"),
            ]),
        ),
    ];
    let mut answers = Vec::new();
    for (order, text) in &texts {
        side.place("shop", order, "CODE");
        answers.push(Envelope::query_answer(
            "shop",
            Charset::Utf8,
            order,
            Utc::now(),
            &laid_out(text, "zz"),
        ));
    }
    side.publish(answers.clone()).await;
    side.world.wait_for_count("gateway_query WHERE why = 'answer'", 4);
    assert_eq!(side.world.count("user_order WHERE status <> 0 OR is_send_goods"), 0);
    assert_eq!(side.world.count("trade"), 0);
    assert_eq!(side.world.count("stock_item WHERE state <> 'available'"), 0);
    // They are readable answers with valid signatures; only the row is missing.
    side.asked_answer("OLD", &answers[3]);
    side.publish([answers[3].clone()]).await;
    side.world.expect("OLD", |order| order["is_send_goods"] == true);
    assert_eq!(side.world.dead_letters(), []);
}

/// A genuine, older answer that is published again as if it were new.
#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_answer_carries_the_time_of_its_query() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[]);
    side.place("app", "PAID", "CODE");
    side.pays("app", "PAID", &["--drop"]);
    side.publish([Envelope::query_request("app", "PAID", "ops", Utc::now())]).await;
    side.world.expect("PAID", |order| order["is_send_goods"] == true);
    let form = side
        .text("SELECT CAST(form AS CHAR) AS text FROM notification WHERE kind = 'query_answer'");
    let form = Form::parse(form.as_bytes()).expect("a form");
    let body = form.get("answer").expect("an answer").to_vec();
    let before = side.text("SELECT CAST(confirmed_at AS CHAR) AS text FROM trade");
    let later = Utc::now() + TimeDelta::hours(1);
    side.publish([Envelope::query_answer("app", Charset::Utf8, "PAID", later, &body)]).await;
    side.world.wait_for_count("notification WHERE kind = 'query_answer' AND seen = 2", 1);
    // The gateway is queried again, and its answer has the time of that query.
    side.world.wait_for_count("gateway_answer", 2);
    let known = format!("trade WHERE confirmed_at > '{before}' + INTERVAL 30 MINUTE");
    assert_eq!(side.world.count(&known), 0);
}

//! Inputs to begin with, made of the fixtures of `alipay`: a fuzzer finds the rest from there.

use std::fs;
use std::path::{Path, PathBuf};

use alipay::{Charset, Form};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use queue::{Envelope, MessageKind};
use serde_json::Value;

use crate::input;

const PAID: &str = r#"{"code":"10000","msg":"Success","buyer_logon_id":"buy***@example.com","buyer_user_id":"2088102363632794","out_trade_no":"A-1","send_pay_date":"2019-08-29 20:14:05","total_amount":"0.01","trade_no":"2019082922001432790585537960","trade_status":"TRADE_SUCCESS","fund_bill_list":[{"amount":"0.01","fund_channel":"PCREDIT"}]}"#;
const REFUNDED: &str = r#"{"code":"10000","msg":"Success","out_trade_no":"A-1","trade_no":"2","out_request_no":"r1","fund_change":"Y","refund_fee":"0.01","refund_amount":"0.01","refund_status":"REFUND_SUCCESS","total_amount":"1.00","gmt_refund_pay":"2019-08-29 20:14:05"}"#;
const CLOSED: &str = r#"{"code":"10000","msg":"Success","out_trade_no":"A-1","trade_no":"2"}"#;
const NOT_EXIST: &str = r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"\u4ea4\u6613\u4e0d\u5b58\u5728"}"#;
const XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?><alipay><is_success>T</is_success>\
    <request><param name=\"trade_no\">1</param></request><response><trade><subject><![CDATA[a]]>\
    &amp;</subject><out_trade_no>A-1</out_trade_no></trade><timestamp><encrypt_key>k</encrypt_key>\
    </timestamp></response><sign>00000000000000000000000000000000</sign></alipay>";
const DETAILS: &str = "1^0.01^SUCCESS^true^P$a@b.c^2088^0.02^FEE_ERROR|b^1^c^2^0.01^SUCCESS|d^3\
    $$4^0.03^SUCCESS|x$y#2^2^SUCCESS^false^S#3^3^TRADE_HAS_CLOSED";

/// A message about a refund that a bank sent back.
const DEPOSIT_BACK: &str = "app_id=2021000000000001&msg_method=alipay.trade.refund.depositback.completed\
    &notify_id=1&biz_content=%7B%22out_trade_no%22%3A%22A-1%22%2C%22trade_no%22%3A%222%22%2C\
    %22out_request_no%22%3A%22r1%22%2C%22dback_status%22%3A%22F%22%2C%22dback_amount%22%3A%220.01%22%2C\
    %22bank_ack_time%22%3A%222019-08-29+20%3A14%3A05%22%7D";

/// Bodies of forms: all that the fixtures have.
pub fn forms() -> Vec<Vec<u8>> {
    let mut forms = vec![b"&a=1&&b=+%2B%zz%&=&c".to_vec(), b"a=1&%61=2".to_vec()];
    forms.extend(messages().into_iter().map(|(_, body)| body));
    forms
}

/// Forms behind a protocol, a parameter to leave out, and one to change.
pub fn canonical() -> Vec<Vec<u8>> {
    let chosen = forms().into_iter().enumerate();
    chosen.map(|(at, form)| [&[at as u8, 255, 3], &form[..]].concat()).collect()
}

/// Notifications behind protocol and charset.
pub fn notifications() -> Vec<Vec<u8>> {
    let small = |amount: &str, number: &str| {
        let numbers = format!("out_trade_no={number}&trade_no=2&trade_status=TRADE_SUCCESS");
        (0, format!("{numbers}&total_fee={amount}&total_amount={amount}").into_bytes())
    };
    let limits = [small("0.01", "1"), small("0.00", "1"), small("1", "%00"), small("1", "+")];
    let deposit_back = (0, DEPOSIT_BACK.into());
    let messages = messages().into_iter().chain(limits).chain([deposit_back]);
    let behind = |protocol: u8| {
        move |(charset, body): &(u8, Vec<u8>)| [&[protocol, *charset], &body[..]].concat()
    };
    let messages: Vec<_> = messages.collect();
    messages.iter().map(behind(0)).chain(messages.iter().map(behind(1))).collect()
}

/// Values of `result_details`.
pub fn result_details() -> Vec<Vec<u8>> {
    let details = messages()
        .into_iter()
        .filter_map(|(_, body)| Form::parse(&body).ok()?.get("result_details").map(<[u8]>::to_vec));
    details.chain([DETAILS.into(), b"1^1^SUCCESS#".into(), b"1^1^SUCCESS$a^b^0^x".into()]).collect()
}

/// Amounts.
pub fn amounts() -> Vec<Vec<u8>> {
    let texts =
        "0 0.00 12.3 327.0 20 0.001 -1 1e2 00012.34 92233720368547758.07 92233720368547758.08";
    texts.split(' ').map(Into::into).collect()
}

/// Envelopes of every kind, and bodies to put into one.
pub fn envelopes() -> Vec<Vec<u8>> {
    let at = input::now();
    let kinds = MessageKind::ALL.iter();
    let kinds = kinds.map(|kind| Envelope::new("shop", *kind, Charset::Gbk, at, "a=%B2%E2"));
    let own = [
        Envelope::query_request("shop", "A 1", "ops", at),
        Envelope::query_answer("shop", Charset::Utf8, "A 1", at, PAID.as_bytes()),
        Envelope::decision("shop", "A 1", 7, at),
    ];
    let envelopes = kinds.chain(own).map(|envelope| envelope.to_bytes());
    envelopes.chain(forms().into_iter().take(6)).collect()
}

/// Nodes of JSON with what is around them.
pub fn answers_json() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    let nodes = [
        (0, "alipay_trade_query_response", vec![PAID, NOT_EXIST]),
        (1, "alipay_trade_close_response", vec![CLOSED, NOT_EXIST]),
        (2, "alipay_trade_refund_response", vec![REFUNDED]),
        (3, "alipay_trade_fastpay_refund_query_response", vec![REFUNDED, CLOSED]),
    ];
    for (method, name, nodes) in nodes {
        for node in nodes {
            for (before, after) in [
                (format!("{{\"{name}\":"), ",\"sign\":\"SIGN\"}".to_owned()),
                (format!("{{\"sign\":\"SIGN\",\"{name}\" : "), " }".to_owned()),
                (format!("{{\"x\":{{\"{name}\":1}},\"{name}\":"), ",\"sign\":\"SIGN\"}".to_owned()),
                (format!("{{\"{name}\":"), "}".to_owned()),
                ("{\"error_response\":".to_owned(), ",\"sign\":\"SIGN\"}".to_owned()),
            ] {
                for charset in [0, 1] {
                    let parts = [before.as_bytes(), node.as_bytes(), after.as_bytes()];
                    seeds.push([&[charset, method], &parts.join(&255)[..]].concat());
                }
            }
        }
    }
    // In GBK a character can end with a byte that is a bracket or a backslash alone.
    let node = PAID.replace("Success", "NAME");
    let [start, end] = node.split("NAME").collect::<Vec<_>>()[..] else { return seeds };
    let node = [start.as_bytes(), b"\x81\x5c\x81\x7b\x80\xa2\xe3\x81\x30\x81\x30", end.as_bytes()]
        .concat();
    let before = b"{\"x\":\"\x80\x81\x5c\",\"alipay_trade_query_response\":";
    let parts = [&before[..], &node, b",\"sign\":\"SIGN\"}"];
    seeds.extend([1, 2].map(|charset| [&[charset, 0], &parts.join(&255)[..]].concat()));
    seeds
}

/// Answers as XML, and forms to write as one.
pub fn answers_xml() -> Vec<Vec<u8>> {
    let mut seeds = vec![
        b"\x00true".to_vec(),
        [&[0], XML.as_bytes()].concat(),
        b"\x00<alipay><is_success>F</is_success><error>TRADE_NOT_EXIST</error></alipay>".to_vec(),
    ];
    for (charset, body) in messages() {
        let Ok(mut form) = Form::parse(&body) else { continue };
        for name in ["sign", "sign_type", "notify_type"] {
            form.remove(name);
        }
        for style in [0, 1, 2, 4, 8] {
            seeds.push([&[charset, style], form.encode().as_bytes()].concat());
        }
    }
    let odd = b"out_trade_no=1&trade_no=2&trade_status=T&total_fee=1&body=%0D%0Aa%26amp%3B%3C";
    seeds.extend([0, 1, 2, 4, 8].map(|style| [&[0, style], &odd[..]].concat()));
    seeds
}

/// Keys and certificates, as text and as DER.
pub fn certificates() -> Vec<Vec<u8>> {
    let mut texts: Vec<String> = files("keys").iter().map(|file| read(file)).collect();
    let roots = read(&fixtures().join("certificates/roots.pem"));
    // The property takes the roots from the same text.
    texts.extend(files("certificates").iter().map(|file| read(file) + &roots));
    let bundles: Value = serde_json::from_str(&read(&fixtures().join("cert_sn.json"))).unwrap();
    texts.extend(bundles.as_array().unwrap().iter().map(|one| text(one, "pem").unwrap()));
    let mut seeds = Vec::new();
    for text in texts {
        seeds.push([&[0], text.as_bytes()].concat());
        let inside = text.split("-----").nth(2).unwrap_or_default();
        let base64: String = inside.split_whitespace().collect();
        seeds.extend(STANDARD.decode(base64).ok().map(|der| [&[1], &der[..]].concat()));
    }
    seeds
}

/// Every key, type and way to spoil a signature.
pub fn signatures() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for key in 0..7 {
        for sign_type in 0..2 {
            for style in 0..5 {
                seeds.push([&[key, sign_type, style, 0], &b"a=1&b=2"[..]].concat());
                seeds.push([&[key, sign_type, style, 2, 128, 1], &b"a=1&b=2"[..]].concat());
            }
            for info in (0..7).chain(128..135) {
                seeds.push([&[key, sign_type, 2, 6, info, 0, 0, 0, 1, 255], &b"a=1"[..]].concat());
            }
        }
    }
    seeds
}

/// All messages with the number of their charset.
fn messages() -> Vec<(u8, Vec<u8>)> {
    let files = [files("bodies"), files("vectors")].concat();
    let message = |file: &PathBuf| {
        let value: Value = serde_json::from_str(&read(file)).unwrap();
        let charset = u8::from(text(&value, "charset").as_deref() == Some("gbk"));
        let body = match (text(&value, "body"), &value["params"]) {
            (Some(body), _) => body.into_bytes(),
            (None, Value::Object(pairs)) => {
                let charset = if charset == 1 { Charset::Gbk } else { Charset::Utf8 };
                let pairs = pairs.iter().filter_map(|(name, value)| {
                    Some((name, charset.encode(value.as_str()?).ok()?))
                });
                Form::from_pairs(pairs).encode().into_bytes()
            }
            _ => return None,
        };
        Some((charset, body))
    };
    files.iter().filter_map(message).collect()
}

fn text(value: &Value, name: &str) -> Option<String> {
    value[name].as_str().map(str::to_owned)
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../common/alipay/tests/fixtures")
}

/// The files of a folder of fixtures, sorted.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(fixtures().join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

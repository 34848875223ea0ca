//! Answers of the Open Platform.

use alipay::{
    AnswerError, Charset, Fen, MAX_ANSWER, PrivateKey, Protocol, PublicKey, QueryAnswer, SignType,
    SignatureError, TradeStatus, TradeStatusSync, Unreadable, Verifier, parse_beijing,
};
use serde_json::Value;

use crate::fixture::{self, AT};

const PAID: &str = r#"{"code":"10000","msg":"Success","buyer_logon_id":"buy***@example.com","buyer_user_id":"2088102363632794","out_trade_no":"A-1","send_pay_date":"2019-08-29 20:14:05","total_amount":"0.01","trade_no":"2019082922001432790585537960","trade_status":"TRADE_SUCCESS","fund_bill_list":[{"amount":"0.01","fund_channel":"PCREDIT"}]}"#;

fn key() -> PrivateKey {
    PrivateKey::read(&fixture::text("keys/rsa2048-pkcs8-private.pem")).unwrap()
}

fn verifier() -> Verifier {
    let sign_types = vec![SignType::Rsa2, SignType::Rsa];
    Verifier::new(Protocol::Openapi, sign_types, vec![], vec![key().public_key()]).unwrap()
}

fn sign(node: &[u8]) -> String {
    key().sign(SignType::Rsa2, node).unwrap()
}

/// The answer of a gateway that is right in every way.
fn answer(node: &str) -> String {
    let sign = sign(node.as_bytes());
    format!(r#"{{"alipay_trade_query_response":{node},"sign":"{sign}"}}"#)
}

fn read(body: impl AsRef<[u8]>) -> Result<QueryAnswer, AnswerError> {
    QueryAnswer::read(body.as_ref(), Protocol::Openapi, Charset::Utf8, &verifier(), AT)
}

#[track_caller]
fn trade(answer: Result<QueryAnswer, AnswerError>) -> TradeStatusSync {
    match answer {
        Ok(QueryAnswer::Trade(trade)) => *trade,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_no_answer(body: impl AsRef<[u8]>) {
    let answer = read(body);
    assert!(matches!(answer, Err(AnswerError::NotAnAnswer { .. })), "{answer:?}");
}

fn mismatch() -> AnswerError {
    AnswerError::Signature(SignatureError::Mismatch { tried: Vec::new() })
}

#[test]
fn a_paid_trade() {
    let trade = trade(read(answer(PAID)));
    assert_eq!(trade.out_trade_no, "A-1");
    assert_eq!(trade.trade_no, "2019082922001432790585537960");
    assert_eq!(trade.trade_status, TradeStatus::TradeSuccess);
    assert_eq!(trade.total, Fen::new(1));
    assert_eq!(trade.gmt_payment, Some(parse_beijing("2019-08-29 20:14:05").unwrap()));
    assert_eq!(trade.parties.buyer_id.as_deref(), Some("2088102363632794"));
    assert_eq!(trade.parties.buyer_email.as_deref(), Some("buy***@example.com"));
    assert_eq!((trade.app_id, trade.parties.seller_id, trade.notify_time), (None, None, None));
}

#[test]
fn what_was_never_paid_has_no_time_of_payment() {
    for (from, to) in [
        (r#""send_pay_date":"2019-08-29 20:14:05","#, ""),
        ("2019-08-29 20:14:05", ""),
        (r#""2019-08-29 20:14:05""#, "null"),
    ] {
        let node = PAID.replace(from, to).replace("TRADE_SUCCESS", "TRADE_CLOSED");
        let trade = trade(read(answer(&node)));
        assert_eq!((trade.trade_status, trade.gmt_payment), (TradeStatus::TradeClosed, None));
    }
}

/// Alipay's own signature, made for the answer to another method. The name of the node is not
/// signed, so its signature is right here too, and then it says too little to be a trade.
#[test]
fn the_bytes_are_signed_as_received() {
    for (name, expected) in [
        (
            "vectors/62-rsa2-response-pay.json",
            AnswerError::Unreadable(Unreadable::Missing { parameter: "trade_status" }),
        ),
        ("vectors/63-rsa2-response-pay-reserialised.json", mismatch()),
    ] {
        let vector: Value = fixture::json(name);
        let text = |field: &str| vector[field].as_str().unwrap();
        let key = PublicKey::read(text("key")).unwrap();
        let verifier =
            Verifier::new(Protocol::Openapi, vec![SignType::Rsa2], vec![], vec![key]).unwrap();
        for (before, after) in [("", ""), ("\n \t", " \r\n")] {
            let (content, sign) = (text("content"), text("sign"));
            let body = format!(
                r#"{{"alipay_trade_query_response":{before}{content}{after},"sign":"{sign}"}}"#
            );
            let answer =
                QueryAnswer::read(body.as_bytes(), Protocol::Openapi, Charset::Utf8, &verifier, AT);
            assert_eq!(answer, Err(expected.clone()), "{name}");
        }
    }
}

#[test]
fn every_changed_byte_of_the_node_is_found() {
    let body = answer(PAID);
    let start = body.find(PAID).unwrap();
    for at in start..start + PAID.len() {
        let mut changed = body.clone().into_bytes();
        changed[at] ^= 1;
        assert!(read(&changed).is_err(), "{}", String::from_utf8_lossy(&changed));
    }
    assert!(read(&body).is_ok());
}

#[test]
fn the_order_of_members_does_not_matter() {
    let sign = sign(PAID.as_bytes());
    let body = format!(
        "\n{{ \"alipay_cert_sn\" : \"x\", \"sign\" :\"{sign}\",\n \
         \"alipay_trade_query_response\" : {PAID} }}\n"
    );
    assert_eq!(trade(read(body)).out_trade_no, "A-1");
}

#[test]
fn the_name_of_the_node_inside_a_value() {
    let inner = r#"\"alipay_trade_query_response\":{\"code\":\"10000\"},\"sign\":\"x\"}"#;
    let node = PAID.replacen('{', &format!(r#"{{"subject":"a {inner}","#), 1);
    assert_eq!(trade(read(answer(&node))).out_trade_no, "A-1");

    // Before the node, and as a nested object: only the member of the outermost object counts.
    let sign = sign(PAID.as_bytes());
    let decoy = PAID.replace("A-1", "A-2");
    let body = format!(
        r#"{{"x":{{"alipay_trade_query_response":{decoy},"sign":"{sign}"}},"y":"{inner}","alipay_trade_query_response":{PAID},"sign":"{sign}"}}"#
    );
    assert_eq!(trade(read(body)).out_trade_no, "A-1");
}

#[test]
fn escapes_of_json() {
    let node = PAID.replace("A-1", r"\u0041\/\u6d4b\ud83d\ude00");
    assert_eq!(trade(read(answer(&node))).out_trade_no, "A/\u{6d4b}\u{1f600}");
    is_no_answer(answer(&PAID.replace("A-1", r"\ud83d")));
    // A name can be escaped too: it is the same name, once.
    let body = answer(PAID).replace("\"sign\"", r#""\u0073ign""#);
    assert_eq!(trade(read(&body)).out_trade_no, "A-1");
    is_no_answer(body.replacen('{', "{\"sign\":\"x\",", 1));
}

#[test]
fn numbers_are_read_as_they_are_written() {
    let node =
        PAID.replace(r#""10000""#, "10000").replace(r#""0.01","trade_no""#, r#"0.01,"trade_no""#);
    assert_eq!(trade(read(answer(&node))).total, Fen::new(1));
    let node = PAID.replace(r#""0.01","trade_no""#, r#"1e-2,"trade_no""#);
    assert!(matches!(
        read(answer(&node)),
        Err(AnswerError::Unreadable(Unreadable::Amount { parameter: "total_amount", .. }))
    ));
}

#[test]
fn signed_bytes_in_gbk() {
    // U+4E53 ends with a backslash and U+4E54's neighbour with a brace in GBK; 0x80 and 0xA2E3 are
    // both the euro sign, so that writing the text again would change what was signed.
    let text = PAID.replacen('{', "{\"subject\":\"SUBJECT\",", 1);
    let (before, after) = text.split_once("SUBJECT").unwrap();
    let subject = b"\x81\x5c\x81\x7b\x81\x7d\x80x\xa2\xe3\x81\x30\x81\x30\xb2\xe2";
    let node = [before.as_bytes(), subject, after.as_bytes()].concat();
    let sign = sign(&node);
    let body = [
        b"{\"x\":\"\x80x\xa2\xe3\x81\x5c\",\"alipay_trade_query_response\":",
        node.as_slice(),
        format!(",\"sign\":\"{sign}\"}}").as_bytes(),
    ]
    .concat();
    for charset in [Charset::Gbk, Charset::Gb18030] {
        let answer = QueryAnswer::read(&body, Protocol::Openapi, charset, &verifier(), AT);
        assert_eq!(trade(answer).out_trade_no, "A-1");
    }
    is_no_answer(&body);
}

#[test]
fn nothing_is_believed_without_a_signature() {
    let unsigned = format!(r#"{{"alipay_trade_query_response":{PAID}}}"#);
    assert_eq!(read(&unsigned), Err(AnswerError::Unsigned));
    for sign in ["null", "\"\""] {
        let body = format!(r#"{{"alipay_trade_query_response":{PAID},"sign":{sign}}}"#);
        assert_eq!(read(body), Err(AnswerError::Unsigned));
    }
    for sign in ["1", "{}", "\"%\"", "\"AAAA AAAA\""] {
        let body = format!(r#"{{"alipay_trade_query_response":{PAID},"sign":{sign}}}"#);
        assert_eq!(read(body), Err(AnswerError::Signature(SignatureError::Malformed)), "{sign}");
    }
    let body = format!(r#"{{"alipay_trade_query_response":{PAID},"sign":"AAAA"}}"#);
    assert_eq!(read(body), Err(mismatch()));
    let unsigned =
        r#"{"alipay_trade_query_response":{"code":"40004","sub_code":"ACQ.TRADE_NOT_EXIST"}}"#;
    assert_eq!(read(unsigned), Err(AnswerError::Unsigned));
}

#[test]
fn a_trade_that_does_not_exist() {
    let node = r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"x","total_amount":"0.00"}"#;
    assert_eq!(read(answer(node)), Ok(QueryAnswer::NotExist));
    // The words of success win nothing beside another code.
    let node = PAID.replace("10000", "40004");
    assert!(matches!(read(answer(&node)), Err(AnswerError::Refused { .. })));
}

#[test]
fn refusals() {
    let refused = |code: &str, message: &str| {
        Err(AnswerError::Refused { code: code.to_owned(), message: message.to_owned() })
    };
    let node = r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.SYSTEM_ERROR","sub_msg":"later"}"#;
    assert_eq!(read(answer(node)), refused("ACQ.SYSTEM_ERROR", "later"));
    assert!(read(answer(node)).unwrap_err().is_transient());

    let node = r#"{"code":"40002","msg":"Invalid Arguments","sub_code":"isv.invalid-signature","sub_msg":"check\u0000the key"}"#;
    let unsigned = format!(r#"{{"error_response":{node}}}"#);
    assert_eq!(read(&unsigned), refused("isv.invalid-signature", "checkthe key"));
    assert!(!read(&unsigned).unwrap_err().is_transient());
    let signed = format!(r#"{{"error_response":{node},"sign":"{}"}}"#, sign(node.as_bytes()));
    assert_eq!(read(signed), refused("isv.invalid-signature", "checkthe key"));
    // A signature that is there has to be right, whatever it stands under.
    let badly = format!(r#"{{"error_response":{node},"sign":"{}"}}"#, sign(b"{}"));
    assert_eq!(read(badly), Err(mismatch()));

    // Success cannot come from an error.
    let body = format!(r#"{{"error_response":{PAID},"sign":"{}"}}"#, sign(PAID.as_bytes()));
    assert_eq!(read(body), refused("10000", "Success"));
    let long = format!(r#"{{"error_response":{{"code":"{0}","msg":"{0}"}}}}"#, "x".repeat(9000));
    assert!(read(long).unwrap_err().to_string().len() < 400);
}

#[test]
fn an_encrypted_answer_has_a_reason_of_its_own() {
    // The signature covers the quotes too (docs/protocol.md §11.3).
    let node = "\"bm9kZQ==\"";
    for body in [answer(node), format!(r#"{{"alipay_trade_query_response":{node}}}"#)] {
        let error = read(body).unwrap_err();
        assert_eq!((&error, error.reason_code()), (&AnswerError::Encrypted, "encrypted_answer"));
        assert!(!error.is_transient(), "asking again would be encrypted again");
    }
    let badly = format!(r#"{{"alipay_trade_query_response":{node},"sign":"AAAA"}}"#);
    assert_eq!(read(badly), Err(mismatch()));
}

#[test]
fn what_is_no_answer() {
    let good = answer(PAID);
    for cut in 0..good.len() {
        is_no_answer(&good[..cut]);
    }
    for body in [
        "<html><body>502 Bad Gateway</body></html>",
        "null",
        "[]",
        "1",
        "\"alipay_trade_query_response\"",
        "{}",
        "{\"sign\":\"x\"}",
        "{\"alipay_trade_query_response\":[]}",
        "{\"alipay_trade_query_response\":{}}",
        "{\"alipay_trade_refund_response\":{\"code\":\"10000\"}}",
    ] {
        is_no_answer(body);
    }
    is_no_answer(format!("{good}{good}"));
    is_no_answer(format!("\u{feff}{good}"));
    is_no_answer(good.replace("A-1", "\0"));
}

#[test]
fn two_values_for_one_name() {
    let good = answer(PAID);
    is_no_answer(good.replacen('{', r#"{"sign":"x","#, 1));
    is_no_answer(good.replacen('{', r#"{"error_response":{"code":"1"},"#, 1));
    is_no_answer(good.replacen('{', &format!(r#"{{"alipay_trade_query_response":{PAID},"#), 1));
    is_no_answer(answer(&PAID.replacen('{', r#"{"out_trade_no":"A-2","#, 1)));
}

#[test]
fn huge_and_deep() {
    let padding = |size: usize| answer(PAID) + &" ".repeat(size);
    let fits = MAX_ANSWER - answer(PAID).len();
    assert!(read(padding(fits)).is_ok());
    is_no_answer(padding(fits + 1));

    let deep = "[".repeat(300_000) + &"]".repeat(300_000);
    let node = PAID.replacen('{', &format!(r#"{{"deep":{deep},"#), 1);
    assert_eq!(trade(read(answer(&node))).out_trade_no, "A-1", "what is nested is left out");
    for open in ["[", "{\"a\":", "{\"alipay_trade_query_response\":"] {
        is_no_answer(open.repeat(MAX_ANSWER / open.len()));
    }
    let many: String = (0..50_000).map(|at| format!("\"a{at}\":1,")).collect();
    let node = PAID.replacen('{', &format!("{{{many}"), 1);
    is_no_answer(answer(&node));
    is_no_answer(format!("{{{many}\"sign\":\"x\"}}"));
}

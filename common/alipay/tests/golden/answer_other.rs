//! Answers to everything but the question about a trade.

use alipay::{
    AnswerError, Charset, CloseAnswer, Fen, Md5Key, NotifyVerifyAnswer, PrivateKey, Protocol,
    RefundAnswer, RefundQueryAnswer, RefundStatus, SignType, TimestampAnswer, Verifier,
    parse_beijing,
};

use crate::fixture::{self, AT};

fn key() -> PrivateKey {
    PrivateKey::read(&fixture::text("keys/rsa2048-pkcs8-private.pem")).unwrap()
}

fn verifier() -> Verifier {
    let keys = vec![key().public_key()];
    Verifier::new(Protocol::Openapi, vec![SignType::Rsa2], vec![], keys).unwrap()
}

fn answer(method: &str, node: &str) -> Vec<u8> {
    let sign = key().sign(SignType::Rsa2, node.as_bytes()).unwrap();
    format!(r#"{{"{method}_response":{node},"sign":"{sign}"}}"#).into_bytes()
}

fn refund(node: &str) -> Result<RefundAnswer, AnswerError> {
    let body = answer("alipay_trade_refund", node);
    RefundAnswer::read(&body, Charset::Utf8, &verifier(), AT)
}

fn refund_query(node: &str) -> Result<RefundQueryAnswer, AnswerError> {
    let body = answer("alipay_trade_fastpay_refund_query", node);
    RefundQueryAnswer::read(&body, Charset::Utf8, &verifier(), AT)
}

const REFUND: &str = r#"{"code":"10000","msg":"Success","buyer_logon_id":"buy***@example.com","fund_change":"Y","gmt_refund_pay":"2019-08-29 20:14:05","out_trade_no":"A-1","refund_fee":"0.88","trade_no":"2019"}"#;
const NOT_EXIST: &str =
    r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"x"}"#;
const TOO_MUCH: &str = r#"{"code":"40004","msg":"Business Failed","sub_code":"ACQ.REASON_TRADE_REFUND_FEE_ERR","sub_msg":"x"}"#;

fn code<T>(answer: Result<T, AnswerError>) -> String {
    match answer {
        Err(AnswerError::Refused { code, .. }) => code,
        Err(error) => error.reason_code().to_owned(),
        Ok(_) => "ok".to_owned(),
    }
}

#[test]
fn a_refund_moved_money_or_was_taken() {
    let moved = refund(REFUND).unwrap();
    assert_eq!((moved.out_trade_no.as_str(), moved.trade_no.as_str()), ("A-1", "2019"));
    assert_eq!((moved.moved, moved.refunded), (true, Some(Fen::new(88))));
    for other in [r#""fund_change":"N","#, ""] {
        let taken = refund(&REFUND.replace(r#""fund_change":"Y","#, other)).unwrap();
        assert_eq!((taken.moved, taken.refunded), (false, Some(Fen::new(88))));
    }
    assert_eq!(code(refund(TOO_MUCH)), "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    assert_eq!(code(refund(NOT_EXIST)), "ACQ.TRADE_NOT_EXIST");
    assert_eq!(code(refund(&REFUND.replace("0.88", "0.888"))), "unreadable_amount");
}

#[test]
fn only_the_answer_to_the_same_method() {
    let query = answer("alipay_trade_fastpay_refund_query", REFUND);
    assert_eq!(code(RefundAnswer::read(&query, Charset::Utf8, &verifier(), AT)), "not_an_answer");
    let unsigned = format!(r#"{{"alipay_trade_refund_response":{REFUND}}}"#);
    let unsigned = RefundAnswer::read(unsigned.as_bytes(), Charset::Utf8, &verifier(), AT);
    assert_eq!(code(unsigned), "unsigned_answer");
    let changed = String::from_utf8(answer("alipay_trade_refund", REFUND)).unwrap();
    let changed = changed.replace("0.88", "0.89");
    let changed = RefundAnswer::read(changed.as_bytes(), Charset::Utf8, &verifier(), AT);
    assert_eq!(code(changed), "bad_signature");
}

#[test]
fn whether_a_refund_was_made() {
    let node = |more: &str| format!(r#"{{"code":"10000","msg":"Success"{more}}}"#);
    let number = r#","out_request_no":"R-1""#;
    let amount = r#","refund_amount":"0.54","total_amount":"2.00""#;
    let status = r#","refund_status":"REFUND_SUCCESS""#;
    let other = r#","refund_status":"REFUND_PROCESSING""#;
    for (more, expected) in [
        (String::new(), false), // a number that Alipay does not know
        (number.to_owned(), false),
        (format!("{number}{amount}"), true),
        (format!("{number}{status}"), true),
        (format!("{number}{amount}{status}"), true),
        (format!("{amount}{status}"), true),
        (format!("{number}{amount}{other}"), false),
        (format!("{number}{amount}{status}").replace("0.54", "0.53"), false),
        (format!("{number}{amount}{status}").replace("R-1", "R-2"), false),
        (format!("{number}{status}").replace("R-1", "R-2"), false),
    ] {
        let answer = refund_query(&node(&more)).unwrap();
        assert_eq!(answer.succeeded("R-1", Fen::new(54)), expected, "{more}");
    }
    let answer = refund_query(&node(&format!(
        r#"{number}{amount}{status},"trade_no":"2019","out_trade_no":"A-1","gmt_refund_pay":"2019-08-29 20:14:05""#
    )));
    let answer = answer.unwrap();
    assert_eq!(answer.refund_status, Some(RefundStatus::Success));
    assert_eq!(answer.total_amount, Some(Fen::new(200)));
    assert_eq!(answer.trade_no.as_deref(), Some("2019"));
    assert_eq!(answer.out_trade_no.as_deref(), Some("A-1"));
    assert_eq!(answer.gmt_refund_pay, Some(parse_beijing("2019-08-29 20:14:05").unwrap()));
    assert_eq!(code(refund_query(NOT_EXIST)), "ACQ.TRADE_NOT_EXIST");
}

#[test]
fn closing_at_the_open_platform() {
    let close = |node: &str| {
        let body = answer("alipay_trade_close", node);
        CloseAnswer::read(&body, Protocol::Openapi, Charset::Utf8, &verifier(), AT)
    };
    let done = r#"{"code":"10000","msg":"Success","out_trade_no":"A-1","trade_no":"2019"}"#;
    assert_eq!(close(done), Ok(CloseAnswer::Closed));
    assert_eq!(close(NOT_EXIST), Ok(CloseAnswer::NotExist));
    let paid = NOT_EXIST.replace("TRADE_NOT_EXIST", "TRADE_STATUS_ERROR");
    assert_eq!(code(close(&paid)), "ACQ.TRADE_STATUS_ERROR");
}

#[test]
fn closing_at_the_legacy_gateway() {
    let keys = vec![Md5Key::new("x")];
    let verifier = Verifier::new(Protocol::Mapi, vec![SignType::Md5], keys, vec![]).unwrap();
    let close = |inside: &str| {
        let body = format!("<?xml version=\"1.0\" encoding=\"GBK\"?><alipay>{inside}</alipay>");
        CloseAnswer::read(body.as_bytes(), Protocol::Mapi, Charset::Utf8, &verifier, AT)
    };
    let failed = |error: &str| close(&format!("<is_success>F</is_success><error>{error}</error>"));
    assert_eq!(close("<is_success>T</is_success>"), Ok(CloseAnswer::Closed));
    assert_eq!(failed("TRADE_NOT_EXIST"), Ok(CloseAnswer::NotExist));
    assert_eq!(code(failed("TRADE_STATUS_NOT_AVAILD")), "TRADE_STATUS_NOT_AVAILD");
    for other in ["", "<is_success>T</is_success><is_success>F</is_success>", "T"] {
        assert_eq!(code(close(other)), "not_an_answer", "{other}");
    }
}

#[test]
fn whether_a_notification_is_genuine() {
    let read = |body: &str| NotifyVerifyAnswer::read(body.as_bytes());
    assert_eq!(read("true"), Ok(NotifyVerifyAnswer::Genuine));
    assert_eq!(read("false"), Ok(NotifyVerifyAnswer::NotGenuine));
    assert_eq!(read("invalid"), Ok(NotifyVerifyAnswer::WrongQuestion));
    for other in ["", "TRUE", "true\n", " true", "\u{feff}true", "<html>true", "nottrue"] {
        assert_eq!(code(read(other)), "not_an_answer", "{other:?}");
    }
}

#[test]
fn a_key_against_phishing() {
    let read = |inside: &str| {
        let body = format!("<?xml version=\"1.0\" encoding=\"GBK\"?><alipay>{inside}</alipay>");
        TimestampAnswer::read(body.as_bytes(), Charset::Utf8)
    };
    let good = "<is_success>T</is_success><response><timestamp><encrypt_key>KP3tv+x==</encrypt_key>\
        </timestamp></response><sign>x</sign><sign_type>MD5</sign_type>";
    assert_eq!(read(good), Ok(TimestampAnswer { encrypt_key: "KP3tv+x==".to_owned() }));
    assert_eq!(code(read(&good.replace("KP3tv+x==", ""))), "not_an_answer");
    assert_eq!(code(read(&good.replace("timestamp", "trade"))), "not_an_answer");
    let failed = "<is_success>F</is_success><error>ILLEGAL_PARTNER</error>";
    assert_eq!(code(read(failed)), "ILLEGAL_PARTNER");
}

//! Answers of the Open Platform.

use alipay::{
    AnswerError, Charset, CloseAnswer, Fen, Protocol, QueryAnswer, RefundAnswer, RefundQueryAnswer,
};
use serde_json::Value;

use crate::input;

/// What a method's answer is believed to say, for comparison.
#[derive(Debug, PartialEq)]
enum Said {
    Query(QueryAnswer),
    Close(CloseAnswer),
    Refund(RefundAnswer),
    RefundQuery(RefundQueryAnswer),
}

/// The methods by the names of their nodes.
const NODES: [&str; 4] = [
    "alipay_trade_query_response",
    "alipay_trade_close_response",
    "alipay_trade_refund_response",
    "alipay_trade_fastpay_refund_query_response",
];

/// In an input: what the signature of the node is written for.
const SIGN: &[u8] = b"SIGN";

/// Nothing is believed but a node that was signed, whatever is around it.
///
/// The input is three parts divided by byte 255, which no charset has: what is before the node,
/// the node, and what follows. The word `SIGN` around the node becomes the node's signature, and of
/// an accepted answer must be true: it says what the plain answer with this node says, its values are
/// those that another reader of JSON finds in the node, and any other node is refused. The plain answer
/// is never refused for its signature.
pub fn holds(mut data: &[u8]) {
    let charset = input::charset(&mut data);
    let name = input::choice(&mut data, &NODES);
    let parts: Vec<&[u8]> = data.split(|&byte| byte == 255).collect();
    let (before, node, after) = match parts[..] {
        [before, node, after] => (before, node, after),
        _ => (&b""[..], data, &b""[..]),
    };
    let sign = input::sign(node);
    let signed = |part: &[u8]| replace(part, SIGN, sign.as_bytes());
    let body = |node: &[u8]| [&signed(before), node, &signed(after)].concat();
    let start = format!("{{\"{name}\":");
    let end = format!(",\"sign\":\"{sign}\"}}");
    let plain = read(name, &[start.as_bytes(), node, end.as_bytes()].concat(), charset);
    let value = charset.decode(node).ok().and_then(|text| serde_json::from_str(&text).ok());
    if let (Some(Value::Object(_)), [b'{', .., b'}']) = (&value, node) {
        let refused = matches!(plain, Err(AnswerError::Signature(_)));
        assert!(!refused, "the bytes that were signed are those of the node");
    }
    let Ok(said) = read(name, &body(node), charset) else { return };
    assert!(contains(before, SIGN) || contains(after, SIGN), "an unsigned answer was believed");
    assert_eq!(plain.as_ref(), Ok(&said));
    agrees(&said, &value.expect("it was read"));
    for at in [1, node.len() / 2, node.len() - 1] {
        let mut other = node.to_vec();
        other[at] ^= 1;
        assert!(read(name, &body(&other), charset).is_err());
    }
}

fn read(name: &str, body: &[u8], charset: Charset) -> Result<Said, AnswerError> {
    let verifier = &input::verifier(Protocol::Openapi);
    let (protocol, at) = (Protocol::Openapi, input::now());
    let all = [
        QueryAnswer::read(body, protocol, charset, verifier, at).map(Said::Query),
        CloseAnswer::read(body, protocol, charset, verifier, at).map(Said::Close),
        RefundAnswer::read(body, charset, verifier, at).map(Said::Refund),
        RefundQueryAnswer::read(body, charset, verifier, at).map(Said::RefundQuery),
    ];
    for error in all.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(error.to_string().len() < 1200, "{error}");
    }
    let [query, close, refund, refund_query] = all;
    match NODES.iter().position(|node| *node == name) {
        Some(0) => query,
        Some(1) => close,
        Some(2) => refund,
        _ => refund_query,
    }
}

/// What was read against another reader of JSON, which takes the last of two values for one name: ours
/// refuses two.
fn agrees(said: &Said, node: &Value) {
    let text = |name: &str| match &node[name] {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        // A number is read as it is written, which this reader forgets.
        Value::Number(_) => None,
        _ => Some(String::new()),
    };
    let same = |name: &str, ours: Option<&str>| {
        if let Some(text) = text(name) {
            assert_eq!(ours.unwrap_or_default(), text, "{name}");
        }
    };
    let same_amount = |name: &str, ours: Option<Fen>| {
        if let Some(text) = text(name) {
            let amount = (!text.is_empty()).then(|| Fen::parse(&text).expect("it was read"));
            assert_eq!(ours, amount, "{name}");
        }
    };
    match said {
        Said::Query(QueryAnswer::Trade(trade)) => {
            same("out_trade_no", Some(&trade.out_trade_no));
            same("trade_no", Some(&trade.trade_no));
            same("trade_status", Some(trade.trade_status.as_str()));
            same_amount("total_amount", Some(trade.total));
        }
        Said::Query(QueryAnswer::NotExist) | Said::Close(CloseAnswer::NotExist) => {
            same("sub_code", Some("ACQ.TRADE_NOT_EXIST"));
        }
        Said::Close(CloseAnswer::Closed) => same("code", Some("10000")),
        Said::Refund(answer) => {
            same("code", Some("10000"));
            same("out_trade_no", Some(&answer.out_trade_no));
            same_amount("refund_fee", answer.refunded);
            if let Some(change) = text("fund_change") {
                assert_eq!(answer.moved, change == "Y");
            }
        }
        Said::RefundQuery(answer) => {
            same("code", Some("10000"));
            same("out_request_no", answer.out_request_no.as_deref());
            same_amount("refund_amount", answer.refund_amount);
        }
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|part| part == word)
}

fn replace(text: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(word.len()).position(|part| part == word) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(by);
        rest = &rest[at + word.len()..];
    }
    out.extend_from_slice(rest);
    out
}

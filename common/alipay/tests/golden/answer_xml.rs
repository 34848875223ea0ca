//! Answers of the legacy gateway.

use alipay::{
    AnswerError, Charset, Fen, Form, MAX_ANSWER, Md5Key, PrivateKey, Protocol, QueryAnswer,
    RefundStatus, Rule, SignType, SignatureError, Signer, TradeStatus, TradeStatusSync, Unreadable,
    Verifier, format_beijing, parse_beijing,
};

use crate::fixture::{self, AT};

/// The fields of a trade as the gateway has them, before XML.
const PAID: &[(&str, &str)] = &[
    ("additional_trade_status", "DAEMON_CONFIRM_CLOSE"),
    ("body", ""),
    ("buyer_email", "buyer@example.com"),
    ("buyer_id", "2088102002723445"),
    ("discount", "0.00"),
    ("flag_trade_locked", "0"),
    ("gmt_create", "2014-11-13 20:39:40"),
    ("gmt_last_modified_time", "2014-11-13 20:39:50"),
    ("gmt_payment", "2014-11-13 20:39:50"),
    ("is_total_fee_adjust", "F"),
    ("operator_role", "B"),
    ("out_trade_no", "A-1"),
    ("payment_type", "1"),
    ("price", "2.75"),
    ("quantity", "1"),
    ("seller_email", "seller@example.com"),
    ("seller_id", "2088611493982911"),
    ("subject", "test"),
    ("to_buyer_fee", "0.00"),
    ("to_seller_fee", "2.75"),
    ("total_fee", "2.75"),
    ("trade_no", "2014111363338388"),
    ("trade_status", "TRADE_SUCCESS"),
    ("use_coupon", "F"),
];

fn rsa() -> PrivateKey {
    PrivateKey::read(&fixture::text("keys/rsa1024-pkcs8-private.pem")).unwrap()
}

fn md5() -> Signer {
    Signer::Md5(Md5Key::new("10000000000000000000000000000000"))
}

fn verifier() -> Verifier {
    let keys = vec![Md5Key::new("10000000000000000000000000000000")];
    let sign_types = vec![SignType::Md5, SignType::Rsa];
    Verifier::new(Protocol::Mapi, sign_types, keys, vec![rsa().public_key()]).unwrap()
}

/// The paid trade with some fields changed or added; a field without text goes.
fn with(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let unchanged = PAID.iter().filter(|(name, _)| changes.iter().all(|(other, _)| other != name));
    unchanged.chain(changes).copied().collect()
}

fn signature(fields: &[(&str, &str)], charset: Charset, signer: &Signer) -> String {
    let pairs = fields.iter().map(|(name, value)| (name, charset.encode(value).unwrap()));
    let mut form = Form::from_pairs(pairs);
    signer.sign_form(&mut form, Rule::DropEmpty).unwrap();
    String::from_utf8(form.get("sign").unwrap().to_vec()).unwrap()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn elements(fields: &[(&str, &str)]) -> String {
    fields.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escape(value))).collect()
}

/// An answer with these elements inside `trade`, signed over fields that may differ from them.
fn answer(elements: &str, signed: &[(&str, &str)], charset: Charset, signer: &Signer) -> Vec<u8> {
    let sign = signature(signed, charset, signer);
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"{charset}\"?>\
         <alipay><is_success>T</is_success><request>\
         <param name=\"trade_no\">2014111363338388</param><param name=\"partner\">2088</param>\
         </request><response><trade>{elements}</trade></response>\
         <sign>{sign}</sign><sign_type>{}</sign_type></alipay>",
        signer.sign_type()
    );
    charset.encode(&text).unwrap()
}

fn honest(fields: &[(&str, &str)]) -> String {
    String::from_utf8(answer(&elements(fields), fields, Charset::Utf8, &md5())).unwrap()
}

fn read(body: impl AsRef<[u8]>) -> Result<QueryAnswer, AnswerError> {
    QueryAnswer::read(body.as_ref(), Protocol::Mapi, Charset::Utf8, &verifier(), AT)
}

#[track_caller]
fn trade(body: impl AsRef<[u8]>) -> TradeStatusSync {
    match read(body) {
        Ok(QueryAnswer::Trade(trade)) => *trade,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn is_no_answer(body: impl AsRef<[u8]>) {
    let answer = read(body);
    assert!(matches!(answer, Err(AnswerError::NotAnAnswer { .. })), "{answer:?}");
}

#[track_caller]
fn is_mismatch(body: impl AsRef<[u8]>) {
    let answer = read(body);
    let expected = matches!(answer, Err(AnswerError::Signature(SignatureError::Mismatch { .. })));
    assert!(expected, "{answer:?}");
}

#[test]
fn a_paid_trade() {
    let trade = trade(honest(PAID));
    assert_eq!((trade.out_trade_no.as_str(), trade.trade_no.as_str()), ("A-1", "2014111363338388"));
    assert_eq!(trade.trade_status, TradeStatus::TradeSuccess);
    assert_eq!((trade.total, trade.refund_fee), (Fen::new(275), None));
    assert_eq!(trade.gmt_payment, Some(parse_beijing("2014-11-13 20:39:50").unwrap()));
    assert_eq!(trade.parties.seller_id.as_deref(), Some("2088611493982911"));
    assert_eq!(trade.parties.buyer_email.as_deref(), Some("buyer@example.com"));
}

/// The signature is MD5 over the sorted fields and the secret: computed here by other means, with
/// `printf 'out_trade_no=A-1&...10000000000000000000000000000000' | md5sum`.
#[test]
fn a_signature_that_this_crate_did_not_make() {
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<alipay>\n  <is_success>T</is_success>\n  \
        <response>\n    <trade>\n      <out_trade_no>A-1</out_trade_no>\n      \
        <total_fee>2.75</total_fee>\n      <trade_no>2014111363338388</trade_no>\n      \
        <trade_status>TRADE_SUCCESS</trade_status>\n      <body></body>\n    </trade>\n  </response>\n  \
        <sign>ee1c4842f03ca46eff150f01adfe01c1</sign>\n  <sign_type>MD5</sign_type>\n</alipay>\n";
    assert_eq!(trade(body).total, Fen::new(275));
    is_mismatch(body.replace("2.75", "2.76"));
}

#[test]
fn a_refund_in_part_and_in_full() {
    let fields = with(&[
        ("refund_fee", "1.00"),
        ("refund_status", "REFUND_SUCCESS"),
        ("refund_flow_type", "x"),
        ("gmt_refund", "2014-11-14 10:00:00.470"),
    ]);
    let trade_ = trade(honest(&fields));
    assert_eq!(trade_.refund_fee, Some(Fen::new(100)));
    assert_eq!(trade_.refund_status, Some(RefundStatus::Success));
    assert_eq!(format_beijing(trade_.gmt_refund.unwrap()), "2014-11-14 10:00:00.470");

    let fields = with(&[("refund_fee", "2.75"), ("trade_status", "TRADE_CLOSED")]);
    let trade_ = trade(honest(&fields));
    assert_eq!(
        (trade_.trade_status, trade_.refund_fee),
        (TradeStatus::TradeClosed, Some(trade_.total))
    );
}

#[test]
fn rsa_and_gbk() {
    let fields = with(&[("subject", "\u{6d4b}\u{8bd5}")]);
    for signer in [md5(), Signer::Rsa(rsa())] {
        for charset in [Charset::Utf8, Charset::Gbk] {
            let body = answer(&elements(&fields), &fields, charset, &signer);
            assert_eq!(trade(&body).out_trade_no, "A-1", "{charset}: the XML says so");
        }
        // Without a declaration the charset of the request counts.
        let body = answer(&elements(&fields), &fields, Charset::Gbk, &signer);
        let start = body.windows(7).position(|word| word == b"<alipay").unwrap();
        let body = &body[start..];
        assert!(QueryAnswer::read(body, Protocol::Mapi, Charset::Gbk, &verifier(), AT).is_ok());
        is_no_answer(body);
    }
}

#[test]
fn the_declared_encoding() {
    let good = honest(PAID);
    for same in ["encoding='UTF-8'", "encoding = \"utf-8\"", "encoding=\"GBK\"", ""] {
        assert!(read(good.replace("encoding=\"utf-8\"", same)).is_ok(), "{same}");
    }
    assert!(read(format!("\u{feff}{good}")).is_ok());
    is_no_answer(good.replace("encoding=\"utf-8\"", "encoding=\"utf-7\""));
    is_no_answer(good.replace("encoding=\"utf-8\"", "encoding=\"utf-8"));
}

#[test]
fn values_escaped_once_and_twice() {
    let subject = "a&b <c> \"d\"";
    let fields = with(&[("subject", subject)]);
    let once = elements(&fields);
    assert!(once.contains("a&amp;b &lt;c&gt;"));
    let twice = once.replace('&', "&amp;");
    assert!(read(answer(&once, &fields, Charset::Utf8, &md5())).is_ok());
    assert!(read(answer(&twice, &fields, Charset::Utf8, &md5())).is_ok(), "signed unescaped");
    let escaped = with(&[("subject", "a&amp;b &lt;c&gt; \"d\"")]);
    assert!(read(answer(&twice, &escaped, Charset::Utf8, &md5())).is_ok(), "signed escaped");
    let cdata = once.replace("a&amp;b &lt;c&gt; \"d\"", "<![CDATA[a&b <c> \"d\"]]>");
    assert!(read(answer(&cdata, &fields, Charset::Utf8, &md5())).is_ok());
    let thrice = twice.replace('&', "&amp;");
    is_mismatch(answer(&thrice, &fields, Charset::Utf8, &md5()));
}

#[test]
fn line_ends_inside_a_value() {
    for subject in ["a\nb", "a\r\nb"] {
        let fields = with(&[("subject", if subject == "a\nb" { "a\nb" } else { "a\r\nb" })]);
        assert!(read(honest(&fields)).is_ok(), "{subject:?}");
    }
}

#[test]
fn spaces_around_elements_and_inside_values() {
    let spaced = honest(PAID).replace('<', "\n  <").replacen("\n  <", "<", 1);
    let spaced = spaced.replace("\n  </", "</");
    assert_eq!(trade(&spaced).out_trade_no, "A-1");
    // Values are never trimmed: the space is signed.
    let fields = with(&[("subject", " test ")]);
    assert!(read(honest(&fields)).is_ok());
    is_mismatch(honest(&fields).replace(" test ", "test"));
    is_mismatch(honest(PAID).replace(">test<", "> test <"));
}

#[test]
fn every_field_is_signed() {
    let good = honest(PAID);
    for (name, value) in PAID {
        let from = format!("<{name}>{value}</{name}>");
        let changed = good.replace(&from, &format!("<{name}>{value}1</{name}>"));
        assert!(changed != good && read(&changed).is_err(), "{name}");
        if !value.is_empty() {
            is_mismatch(good.replace(&from, ""));
        }
    }
    is_mismatch(good.replace("</trade>", "<refund_fee>0.01</refund_fee></trade>"));
    is_mismatch(good.replace("<trade_status>TRADE_SUCCESS", "<trade_status>TRADE_CLOSED"));
}

#[test]
fn names_of_elements_inside_values() {
    let fields = with(&[("subject", "</trade></response><sign>x</sign><response><trade>")]);
    assert_eq!(trade(honest(&fields)).out_trade_no, "A-1");
    let decoy = "<trade><out_trade_no>A-2</out_trade_no></trade><sign>x</sign>";
    let body = honest(PAID).replace("</request>", &format!("{decoy}</request>"));
    assert_eq!(trade(body).out_trade_no, "A-1");
    // A field that is a tree is not part of what is signed, nor read.
    let tree = "<x>\n <out_trade_no>A-2</out_trade_no>\n</x></trade>";
    let body = honest(PAID).replace("</trade>", tree);
    assert_eq!(trade(body).out_trade_no, "A-1");
    // Fields named like the signature change nothing.
    let body = honest(PAID).replace("</trade>", "<sign>x</sign></trade>");
    assert_eq!(trade(body).out_trade_no, "A-1");
}

#[test]
fn two_elements_of_one_name() {
    let good = honest(PAID);
    for (at, twice) in [
        ("</trade>", "<out_trade_no>A-2</out_trade_no></trade>"),
        ("</response>", "<trade></trade></response>"),
        ("</alipay>", "<response></response></alipay>"),
        ("</alipay>", "<sign>x</sign></alipay>"),
        ("</alipay>", "<is_success>T</is_success></alipay>"),
    ] {
        is_no_answer(good.replace(at, twice));
    }
}

#[test]
fn nothing_is_believed_without_a_signature() {
    let good = honest(PAID);
    let (before, after) = good.split_once("<sign>").unwrap();
    let (sign, after) = after.split_once("</sign>").unwrap();
    assert_eq!(read(format!("{before}{after}")), Err(AnswerError::Unsigned));
    assert_eq!(read(format!("{before}<sign></sign>{after}")), Err(AnswerError::Unsigned));
    let malformed = Err(AnswerError::Signature(SignatureError::Malformed));
    assert_eq!(read(good.replace(sign, "x y")), malformed);
    is_mismatch(good.replace(sign, "00000000000000000000000000000000"));

    // The configuration decides the sign type; the answer may leave it out.
    assert!(read(good.replace("<sign_type>MD5</sign_type>", "")).is_ok());
    let other = read(good.replace(">MD5<", ">DSA<"));
    assert_eq!(other.unwrap_err().reason_code(), "sign_type_not_allowed");
}

#[test]
fn failures() {
    let failure = |error: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<alipay><is_success>F</is_success><error>{error}</error></alipay>"
        )
    };
    assert_eq!(read(failure("TRADE_NOT_EXIST")), Ok(QueryAnswer::NotExist));
    let refused =
        |code: &str| Err(AnswerError::Refused { code: code.to_owned(), message: String::new() });
    assert_eq!(read(failure("ILLEGAL_SIGN")), refused("ILLEGAL_SIGN"));
    assert_eq!(read(failure("SYSTEM_ERROR")), refused("SYSTEM_ERROR"));
    assert!(read(failure("SYSTEM_ERROR")).unwrap_err().is_transient());
    is_no_answer(failure(""));
    // A trade beside a failure is not one.
    let body = honest(PAID).replace("<is_success>T", "<error>ILLEGAL_PARTNER</error><is_success>F");
    assert_eq!(read(body), refused("ILLEGAL_PARTNER"));
    let body = honest(PAID).replace("<is_success>T", "<is_success>t");
    is_no_answer(body);
}

#[test]
fn signed_and_unreadable() {
    for (change, parameter) in [
        (("total_fee", "0.00"), "total_fee"),
        (("total_fee", "1e2"), "total_fee"),
        (("gmt_payment", "yesterday"), "gmt_payment"),
        (("out_trade_no", ""), "out_trade_no"),
        (("trade_status", ""), "trade_status"),
    ] {
        let error = read(honest(&with(&[change]))).unwrap_err();
        let AnswerError::Unreadable(why) = &error else { panic!("{error:?}") };
        assert!(why.to_string().contains(parameter), "{why}");
        let missing = matches!(why, Unreadable::Missing { .. });
        assert_eq!(missing, change.1.is_empty(), "{why}");
    }
}

#[test]
fn what_is_no_answer() {
    let good = honest(PAID);
    for cut in (0..good.len()).step_by(7).chain(good.len() - 10..good.len()) {
        is_no_answer(&good[..cut]);
    }
    for body in [
        "",
        "true",
        "{\"alipay_trade_query_response\":{}}",
        "<html><body>502 Bad Gateway</body></html>",
        "<alipay/>",
        "<alipay><is_success>T</is_success></alipay>",
        "<alipay><is_success>T</is_success><response/></alipay>",
        "<alipay><is_success>T</is_success><response><timestamp/></response></alipay>",
        "<alipay><is_success>F</is_success></alipay>",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
    ] {
        is_no_answer(body);
    }
    is_no_answer(b"\xff\xfe<\0a\0");
    is_no_answer(good.replace("alipay>", "other>"));
    is_no_answer(format!("{good}{good}"));
}

#[test]
fn document_types_are_refused() {
    let good = honest(PAID);
    for dtd in [
        "<!DOCTYPE alipay [<!ENTITY a \"A-1\">]>",
        "<!DOCTYPE alipay SYSTEM \"file:///etc/passwd\">",
        "<!DOCTYPE alipay>",
    ] {
        is_no_answer(good.replace("<alipay>", &format!("{dtd}<alipay>")));
    }
    is_no_answer(good.replace(">A-1<", ">&a;<"));
    is_no_answer(good.replace(">A-1<", ">&#0;<"));
}

#[test]
fn huge_and_deep() {
    let good = honest(PAID);
    let padded = |size: usize| good.clone() + &" ".repeat(size);
    let fits = MAX_ANSWER - good.len();
    assert!(read(padded(fits)).is_ok());
    is_no_answer(padded(fits + 1));
    is_no_answer("<a>".repeat(MAX_ANSWER / 3));
    is_no_answer("<a>".repeat(100_000) + &"</a>".repeat(100_000));
    is_no_answer(good.replace("<trade>", &format!("<trade>{}", "<a/>".repeat(100_000))));
    is_no_answer(good.replace("<trade>", &format!("<trade{}>", " a".repeat(100_000))));
    let many: String = (0..300).map(|at| format!("<a{at}/>")).collect();
    is_no_answer(good.replace("</trade>", &format!("{many}</trade>")));
    let deep = |depth: usize| {
        let tree = "<a>".repeat(depth) + &"</a>".repeat(depth);
        good.replace("</trade>", &format!("{tree}</trade>"))
    };
    assert_eq!(trade(deep(1_000)).out_trade_no, "A-1");
    is_no_answer(deep(5_000));
}

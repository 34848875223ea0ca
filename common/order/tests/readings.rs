//! A signature covers a text, and a text can be cut into parameters in several ways. Every form that is
//! believed says the same as the one that Alipay sent.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use alipay::{
    Charset, Fen, Form, Notification, Protocol, Rule, SecondReading, TradeStatusSync, canonical,
    check_notification,
};
use chrono::{DateTime, Utc};
use order::{Doubt, Facts};
use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::sample::select;

/// What Alipay says of one trade, in the states that a buyer can bring about.
const STATES: [(&str, &[(&str, &str)]); 6] = [
    ("WAIT_BUYER_PAY", &[]),
    ("TRADE_CLOSED", &[("gmt_close", "2026-11-23 12:30:00"), ("refund_fee", "0.00")]),
    ("TRADE_CLOSED", &[("gmt_close", "2026-11-23 12:30:00")]),
    ("TRADE_SUCCESS", PAID),
    ("TRADE_FINISHED", PAID),
    (
        "TRADE_SUCCESS",
        &[
            ("gmt_payment", "2026-11-23 12:01:00"),
            ("gmt_refund", "2026-11-23 12:20:00.123"),
            ("out_biz_no", "R-1"),
            ("refund_fee", "1.00"),
            ("refund_status", "REFUND_SUCCESS"),
        ],
    ),
];

const PAID: &[(&str, &str)] = &[
    ("gmt_payment", "2026-11-23 12:01:00"),
    ("buyer_pay_amount", "10.00"),
    ("fund_bill_list", "[{\"amount\":\"10.00\",\"fundChannel\":\"ALIPAYACCOUNT\"}]"),
    ("invoice_amount", "10.00"),
    ("point_amount", "0.00"),
    ("receipt_amount", "10.00"),
];

/// Parameters of every notification of one gateway, in captured ones.
const OPENAPI: [(&str, &str); 13] = [
    ("app_id", "2021000000000001"),
    ("auth_app_id", "2021000000000001"),
    ("buyer_id", "2088000000000002"),
    ("buyer_logon_id", "b***@example.com"),
    ("charset", "utf-8"),
    ("gmt_create", "2026-11-23 12:00:00"),
    ("notify_id", "2026112300222"),
    ("notify_time", "2026-11-23 12:31:00"),
    ("notify_type", "trade_status_sync"),
    ("seller_id", "2088000000000001"),
    ("total_amount", "10.00"),
    ("trade_no", "2026112322001"),
    ("version", "1.0"),
];
const MAPI: [(&str, &str); 15] = [
    ("buyer_email", "b@example.com"),
    ("buyer_id", "2088000000000002"),
    ("discount", "0.00"),
    ("gmt_create", "2026-11-23 12:00:00"),
    ("is_total_fee_adjust", "N"),
    ("notify_id", "70fec0c2730b27528665af4517c27b95"),
    ("notify_time", "2026-11-23 12:31:00"),
    ("notify_type", "trade_status_sync"),
    ("payment_type", "1"),
    ("price", "10.00"),
    ("quantity", "1"),
    ("seller_email", "s@example.com"),
    ("seller_id", "2088000000000001"),
    ("total_fee", "10.00"),
    ("trade_no", "2026112322001"),
];

/// Texts of a buyer or a shop that come back with a notification.
const TEXTS: [&str; 13] = [
    "body",
    "extra_common_param",
    "passback_params",
    "receive_address",
    "receive_name",
    "receive_zip",
    "subject",
    "memo",
    // Nobody has listed these.
    "pay_info",
    "product_name",
    "promo_params",
    "realname",
    "reason",
];

/// What a stranger would like to have said.
const WANTED: [(&str, &str); 20] = [
    ("trade_status", "TRADE_SUCCESS"),
    ("total_amount", "10.00"),
    ("total_fee", "10.00"),
    ("trade_no", "77"),
    ("out_trade_no", "B-1"),
    ("seller_id", "2088000000000009"),
    ("app_id", "2021000000000009"),
    ("gmt_create", "2026-11-23 11:00:00"),
    ("gmt_payment", "2026-11-23 11:00:00"),
    ("gmt_refund", "2026-11-23 11:00:00"),
    ("refund_fee", "0.01"),
    ("refund_fee", "10.00"),
    ("refund_status", "REFUND_SUCCESS"),
    ("notify_type", "batch_refund_notify"),
    ("notify_id", "1"),
    ("charset", "gbk"),
    ("currency", "USD"),
    ("is_success", "T"),
    ("_input_charset", "utf-8"),
    ("receipt_amount", "10.00"),
];

/// A text: words, parameters that somebody wants read, and parameters of no meaning to hide others in.
fn texts() -> impl Strategy<Value = String> {
    let wanted = select(WANTED.to_vec()).prop_map(|(name, value)| format!("&{name}={value}"));
    let hiding = "[a-z]{1,3}".prop_map(|name| format!("&{name}="));
    let word = select(vec!["x", "Tom & Jerry", "a=1", "", "&", "="]).prop_map(str::to_owned);
    // An empty text is none: the legacy gateway would not sign it, and the Open Platform sends none.
    vec(prop_oneof![wanted, hiding, word], 1..6)
        .prop_map(|parts| parts.concat())
        .prop_filter("an empty text", |text| !text.is_empty())
}

/// A notification as Alipay could send it, whoever chose its texts.
fn sent() -> impl Strategy<Value = (Protocol, Form)> {
    let texts = vec((select(TEXTS.to_vec()), texts()), 0..3);
    let gateways = select(vec![Protocol::Mapi, Protocol::Openapi]);
    (gateways, select(STATES.to_vec()), texts).prop_map(|(protocol, (status, more), texts)| {
        let common: &[(&str, &str)] = match protocol {
            Protocol::Mapi => &MAPI,
            Protocol::Openapi => &OPENAPI,
        };
        let mut pairs: BTreeMap<&str, String> = texts.into_iter().collect();
        let own = [("out_trade_no", "A-1"), ("trade_status", status)];
        for (name, value) in common.iter().chain(&own).chain(more) {
            let is_open_platforms = name.ends_with("_amount") || *name == "refund_fee";
            let is_legacys = *name == "refund_status";
            let belongs = match protocol {
                Protocol::Mapi => !is_open_platforms && *name != "fund_bill_list",
                Protocol::Openapi => !is_legacys,
            };
            if belongs {
                pairs.insert(name, (*value).to_owned());
            }
        }
        (protocol, pairs.into_iter().collect())
    })
}

/// Where a signed text can be cut: each `&` before a name and `=`.
fn cuts(text: &[u8]) -> Vec<usize> {
    (0..text.len())
        .filter(|&at| {
            let rest = text[at + 1..].iter().position(|byte| matches!(byte, b'&' | b'='));
            text[at] == b'&' && rest.is_some_and(|end| end > 0 && text[at + 1 + end] == b'=')
        })
        .collect()
}

/// The form that comes of cutting a text at these places; `None` where a name stands in it twice.
fn cut(text: &[u8], at: &[usize]) -> Option<Form> {
    let mut form = Form::new();
    let mut start = 0;
    for &end in at.iter().chain([&text.len()]) {
        let pair = &text[start..end];
        let equals = pair.iter().position(|&byte| byte == b'=')?;
        if form.iter().any(|(name, _)| *name == pair[..equals]) {
            return None;
        }
        form.set(&pair[..equals], &pair[equals + 1..]);
        start = end + 1;
    }
    Some(form)
}

/// All that money and goods go by.
fn what_counts(said: &TradeStatusSync) -> impl PartialEq + std::fmt::Debug + use<> {
    (
        (Facts::of(said), said.total, said.refund_fee.filter(|fee| *fee > Fen::default())),
        (said.out_trade_no.clone(), said.trade_no.clone(), said.currency.clone()),
        (said.parties.seller_id.clone(), said.app_id.clone(), said.notify_time),
        (said.gmt_create, said.gmt_payment, said.gmt_refund),
    )
}

fn received_at() -> DateTime<Utc> {
    "2026-11-23T04:31:05Z".parse().unwrap()
}

fn read(form: &Form, protocol: Protocol) -> Option<TradeStatusSync> {
    check_notification(form).ok()?;
    let charset = Charset::of(form, Charset::Utf8).ok()?;
    match Notification::read(form, protocol, charset).ok()? {
        Notification::Trade(said) => Some(*said),
        _ => None,
    }
}

/// What a form says, where it is believed.
fn believed(form: &Form, protocol: Protocol) -> Option<TradeStatusSync> {
    let said = read(form, protocol)?;
    let doubted =
        SecondReading::of(form, protocol).is_some() || Doubt::of(&said, received_at()).is_some();
    (!doubted).then_some(said)
}

/// Notifications that are tried.
const CASES: u32 = 600;

/// Ways to cut one of them, at most.
const MOST_WAYS: u32 = 1 << 12;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn believed_forms_are_parsed_as_alipay_meant(
        (protocol, sent) in sent(),
        keep in vec(any::<u32>(), 64),
    ) {
        let meant = read(&sent, protocol).unwrap();
        let rule = match protocol {
            Protocol::Mapi => Rule::DropEmpty,
            Protocol::Openapi => Rule::Notification,
        };
        let text = canonical(&sent, rule, &[]);
        let cuts = cuts(&text);
        // Cuts that no believed form can do without, and those that are free.
        let (free, fixed): (Vec<usize>, Vec<usize>) = cuts.iter().partition(|&&at| {
            let whole = cut(&text, &cuts.iter().copied().filter(|other| *other != at).collect::<Vec<_>>());
            whole.is_none_or(|form| SecondReading::of(&form, protocol).is_none())
        });
        let ways = 1_u32.checked_shl(u32::try_from(free.len()).unwrap()).unwrap_or(u32::MAX);
        let mut tried: Vec<Vec<usize>> = (0..ways.min(MOST_WAYS))
            .map(|way| {
                let kept = free.iter().enumerate().filter(|(bit, _)| way >> bit & 1 == 1);
                let mut at: Vec<usize> = kept.map(|(_, at)| *at).chain(fixed.iter().copied()).collect();
                at.sort_unstable();
                at
            })
            .collect();
        tried.extend(keep.iter().map(|bits| {
            let kept = cuts.iter().enumerate().filter(|(bit, _)| bits >> (bit % 32) & 1 == 1);
            kept.map(|(_, at)| *at).collect()
        }));
        for at in tried {
            let Some(form) = cut(&text, &at) else { continue };
            let same = [Rule::DropEmpty, Rule::Notification]
                .into_iter()
                .any(|rule| canonical(&form, rule, &[]) == text);
            if let Some(said) = believed(&form, protocol).filter(|_| same) {
                prop_assert_eq!(what_counts(&said), what_counts(&meant), "{}", form.encode());
            }
        }
    }

    /// What shops put into their texts is no reason for doubt.
    #[test]
    fn ordinary_texts_are_believed(
        (protocol, status, more) in (select(vec![Protocol::Mapi, Protocol::Openapi]), Just("TRADE_SUCCESS"), Just(PAID)),
        text in select(vec!["a=1&b=2", "Tom & Jerry", "{\"orderId\":\"1\"}", "sku=5&quantity=2", "测试&", "trade_no=1"]),
    ) {
        let common: &[(&str, &str)] = match protocol {
            Protocol::Mapi => &MAPI,
            Protocol::Openapi => &OPENAPI,
        };
        let own = [("out_trade_no", "A-1"), ("trade_status", status), ("subject", text),
            ("passback_params", text), ("extra_common_param", text), ("body", text)];
        let form: Form = common.iter().chain(&own).chain(more).copied().collect();
        prop_assert!(believed(&form, protocol).is_some(), "{}", form.encode());
    }
}

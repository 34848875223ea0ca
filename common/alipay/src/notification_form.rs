//! Whether a form can be a notification, and whether its signed text has another reading.
//!
//! The signed text is `name=value` joined by `&` with *decoded* values, so a value that holds
//! `&name=` is, under the same signature, also the end of one parameter and the begin of another.
//! Anyone who can choose one text of a message (a subject, a `passback_params`, a receiver's name) could
//! have it cut elsewhere. Three rules close that:
//!
//! 1. A name is `[A-Za-z0-9_.]{1,64}`, and a form is not one of those that Alipay and merchants sign by
//!    the same rule for other purposes: [`check_notification`].
//! 2. No value holds `&name=` with the name of a parameter that decides something, and no value that
//!    is read holds `&name=` at all: then each of these parameters begins and ends at the same place
//!    in every form with the same signed text.
//! 3. The parameter that reports a refund is the one by which this gateway reports refunds, and there is a
//!    `gmt_refund`, which Alipay sends with every such refund. Else it could be the end of the text that is before it; a
//!    `gmt_refund` could not, since names that every notification has stand between.
//!
//! A form that breaks 2 or 3 has a [`SecondReading`]: it may be genuine, and nothing in it counts.

use std::fmt;

use crate::form::printable;
use crate::{Form, Protocol};

/// The longest name of a parameter, in bytes.
const LONGEST_NAME: usize = 64;

/// Parameters that only return URLs and requests have. Source: the parameter tables of
/// create_direct_pay_by_user, its return page, and every captured notification.
const FOREIGN: [&str; 7] = [
    "is_success",
    "exterface",
    "_input_charset",
    // A request with a text of the buyer's can have a notify_id, too; without these it is none.
    "service",
    "partner",
    "notify_url",
    "return_url",
];

/// Parameters whose values are read out of a notification or decide what it is: those of
/// [`TradeStatusSync`](crate::TradeStatusSync), [`BatchRefundNotify`](crate::BatchRefundNotify),
/// [`DepositBack`](crate::DepositBack),
/// [`Charset::of`](crate::Charset::of), the merchant's identity and the message's.
pub(crate) const READ: [&str; 49] = [
    "_input_charset",
    "app_id",
    "batch_no",
    "biz_content",
    "buyer_actions",
    "buyer_email",
    "buyer_id",
    "buyer_logon_id",
    "buyer_open_id",
    "charset",
    "currency",
    "exterface",
    "gmt_close",
    "gmt_create",
    "gmt_payment",
    "gmt_refund",
    "is_success",
    "method",
    "msg_method",
    "notify_id",
    "notify_time",
    "notify_type",
    "notify_url",
    "out_biz_no",
    "out_trade_no",
    "partner",
    "partner_id",
    "pay_user_id",
    "payee_user_id",
    "receive_address",
    "receive_mobile",
    "receive_name",
    "receive_phone",
    "receive_zip",
    "refund_fee",
    "refund_status",
    "result_details",
    "return_url",
    "seller_actions",
    "seller_email",
    "seller_id",
    "seller_user_id",
    "service",
    "success_num",
    "total_amount",
    "total_fee",
    "trade_no",
    "trade_status",
    "trans_currency",
];

/// Amounts that every paid notification of the Open Platform has. Nothing reads them, but a text that
/// pretends to be a refund would have to hide them.
const ALWAYS_THERE: [&str; 4] =
    ["buyer_pay_amount", "invoice_amount", "point_amount", "receipt_amount"];

/// The parameters that report a refund.
const REFUND_PARAMETERS: [&str; 2] = ["refund_fee", "refund_status"];

/// Why a signed form is no notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotANotification {
    /// A name is not `[A-Za-z0-9_.]{1,64}`, as all names of Alipay's are.
    #[error("the parameter name {name} is not 1 to 64 letters, digits, dots and underscores")]
    ParameterName {
        /// The decoded name, its unprintable bytes escaped, cut after 64 characters.
        name: String,
    },
    /// It is a return URL or a request: it has a parameter that no notification has.
    #[error("it has {parameter}, which requests and return URLs have and no notification has")]
    Foreign {
        /// The parameter.
        parameter: &'static str,
    },
    /// Its `method` says that it is the query of a return URL.
    #[error("its method says that it is a return URL")]
    Return,
    /// It is a request: it has `method`, and no `notify_id`.
    #[error("it has method and no notify_id: it is a request")]
    Request,
}

impl NotANotification {
    /// A short word for logs, metrics and dead letters: `parameter_name` or `not_a_notification`.
    pub fn reason_code(&self) -> &'static str {
        match self {
            NotANotification::ParameterName { .. } => "parameter_name",
            _ => "not_a_notification",
        }
    }
}

/// Checks the names of a form's parameters, but those in `ignore`.
///
/// # Errors
/// [`NotANotification::ParameterName`] for the first name that is not `[A-Za-z0-9_.]{1,64}`.
pub fn check_names(form: &Form, ignore: &[String]) -> Result<(), NotANotification> {
    let ignored = |name: &[u8]| ignore.iter().any(|other| other.as_bytes() == name);
    match form.iter().map(|(name, _)| name).find(|name| !is_name(name) && !ignored(name)) {
        Some(name) => Err(NotANotification::ParameterName { name: printable(name) }),
        None => Ok(()),
    }
}

/// Checks that a form can be a notification. A merchant's own requests, and the queries with which
/// Alipay sends browsers back, are signed by the same rules and the same keys, and say nothing about
/// money.
///
/// # Errors
/// [`NotANotification`] says what the form is instead.
pub fn check_notification(form: &Form) -> Result<(), NotANotification> {
    check_names(form, &[])?;
    if let Some(parameter) = FOREIGN.into_iter().find(|name| form.get(name).is_some()) {
        return Err(NotANotification::Foreign { parameter });
    }
    if form.get("method").is_some_and(|method| method.ends_with(b".return")) {
        return Err(NotANotification::Return);
    }
    let is_there = |name: &str| form.get(name).is_some_and(|value| !value.is_empty());
    if is_there("method") && !is_there("notify_id") {
        return Err(NotANotification::Request);
    }
    Ok(())
}

/// Another way to cut the signed text of a form: its writer may be the one who chose a text of
/// the message, so nothing in the form counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecondReading {
    /// The parameter whose value can be cut, or could go on.
    pub parameter: String,
    /// The name of the parameter that begins there.
    pub name: String,
}

impl fmt::Display for SecondReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SecondReading { parameter, name } = self;
        write!(f, "the signed text can be cut in two ways: {name} may be a part of {parameter}")
    }
}

impl SecondReading {
    /// The first one of a form, where there is one. See the module's text for the rules.
    pub fn of(form: &Form, protocol: Protocol) -> Option<SecondReading> {
        let found = |parameter: &[u8], name: &[u8]| {
            Some(SecondReading { parameter: printable(parameter), name: printable(name) })
        };
        let signed = |name: &[u8]| name != b"sign" && name != b"sign_type";
        for (parameter, value) in form.iter().filter(|(name, _)| signed(name)) {
            let is_read = is_one_of(&READ, parameter);
            let decides =
                |name: &&[u8]| is_read || is_one_of(&READ, name) || is_one_of(&ALWAYS_THERE, name);
            if let Some(name) = names_inside(value).find(decides) {
                return found(parameter, name);
            }
        }
        let own = match protocol {
            Protocol::Mapi => "refund_status",
            Protocol::Openapi => "refund_fee",
        };
        // That a refund came to nothing moves no money, and Alipay names no time of it.
        let closed = b"REFUND_CLOSED".as_slice();
        let reported =
            |name: &&str| form.get(name).is_some_and(|it| is_something(it) && it != closed);
        let is_dated = form.get("gmt_refund").is_some_and(|time| !time.is_empty());
        let strange = |name: &&str| *name != own || !is_dated;
        let name = REFUND_PARAMETERS.into_iter().filter(reported).find(strange)?.as_bytes();
        // It could be the end of whatever is before it in the text.
        let before = form.iter().map(|(other, _)| other).filter(|other| *other < name).max();
        found(before.unwrap_or_default(), name)
    }
}

/// The names of the parameters that could begin inside a value: each `name` of `&name=`.
fn names_inside(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b'&').skip(1).filter_map(|segment: &[u8]| {
        let equals = segment.iter().position(|&byte| byte == b'=')?;
        segment.get(..equals).filter(|name| is_name(name))
    })
}

/// Whether a text holds `&name=`, so that it could be read as several parameters of a signed text.
pub(crate) fn holds_parameters(text: &[u8]) -> bool {
    names_inside(text).next().is_some()
}

fn is_name(name: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    (1..=LONGEST_NAME).contains(&name.len()) && name.iter().all(allowed)
}

fn is_one_of(names: &[&str], name: &[u8]) -> bool {
    names.iter().any(|known| known.as_bytes() == name)
}

/// A value other than nothing and an amount of zero, which timeouts carry as `refund_fee`.
fn is_something(value: &[u8]) -> bool {
    value.iter().any(|byte| !matches!(byte, b'0' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::{NotANotification, READ, SecondReading, check_notification};
    use crate::{Form, Protocol};

    fn form(body: &str) -> Form {
        Form::parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn other_signed_forms_are_no_notifications() {
        for (body, reason) in [
            ("notify_id=1&trade_status=TRADE_SUCCESS", None),
            ("notify_id=1&msg_method=alipay.fund.trans.order.changed&biz_content=%7B%7D", None),
            ("notify_id=1&method=alipay.open.app.message", None),
            ("trade_status=TRADE_SUCCESS", None),
            ("a.b_C9=1", None),
            ("is_success=T&notify_id=1", Some("not_a_notification")),
            ("is_success=&notify_id=1", Some("not_a_notification")),
            ("exterface=create_direct_pay_by_user&notify_id=1", Some("not_a_notification")),
            ("_input_charset=utf-8&notify_id=1", Some("not_a_notification")),
            ("method=alipay.trade.page.pay.return&notify_id=1", Some("not_a_notification")),
            ("service=create_direct_pay_by_user", Some("not_a_notification")),
            // Cut out of a text of the buyer's in a pay link.
            ("service=create_direct_pay_by_user&notify_id=1", Some("not_a_notification")),
            (
                "partner=2088000000000001&notify_id=1&trade_status=TRADE_SUCCESS",
                Some("not_a_notification"),
            ),
            ("notify_url=https://shop.example&notify_id=1", Some("not_a_notification")),
            ("return_url=https://shop.example&notify_id=1", Some("not_a_notification")),
            ("method=alipay.trade.page.pay&notify_id=", Some("not_a_notification")),
            ("a-b=1", Some("parameter_name")),
            ("a%26b=1", Some("parameter_name")),
            ("a%3D1%26trade_status=TRADE_SUCCESS", Some("parameter_name")),
            ("=1", Some("parameter_name")),
            (&format!("{}=1", "a".repeat(65)), Some("parameter_name")),
            (&format!("{}=1", "a".repeat(64)), None),
        ] {
            let found = check_notification(&form(body)).err();
            assert_eq!(found.as_ref().map(NotANotification::reason_code), reason, "{body}");
        }
    }

    #[test]
    fn a_value_that_can_be_cut_is_a_second_reading() {
        let reading = |name: &str, value: &str| {
            let form = Form::from_pairs([("notify_id", "1"), (name, value)]);
            SecondReading::of(&form, Protocol::Openapi)
                .map(|reading| (reading.parameter, reading.name))
        };
        let found = |parameter: &str, name: &str| Some((parameter.to_owned(), name.to_owned()));
        assert_eq!(
            reading("subject", "Top-up&trade_status=TRADE_SUCCESS"),
            found("subject", "trade_status")
        );
        assert_eq!(reading("z", "1&total_fee=10.00"), found("z", "total_fee"));
        assert_eq!(reading("z", "&&a&service=x"), found("z", "service"));
        assert_eq!(reading("body", "x&partner=2088"), found("body", "partner"));
        assert_eq!(
            reading("passback_params", "x&receipt_amount=1"),
            found("passback_params", "receipt_amount")
        );
        // Of what is read no part may be another parameter, whatever its name.
        assert_eq!(reading("trade_status", "TRADE_SUCCESS&x=3"), found("trade_status", "x"));
        // Ordinary texts.
        for value in ["a=1&b=2", "trade_no=1", "&trade_no", "Tom & Jerry = 2", "&trade no=1", "&=1"]
        {
            assert_eq!(reading("passback_params", value), None, "{value}");
        }
        // What is not signed is not part of the text.
        assert_eq!(reading("sign", "a&trade_no=1"), None);
    }

    #[test]
    fn a_refund_needs_its_time_and_the_word_of_its_gateway() {
        let has = |protocol, body: &str| SecondReading::of(&form(body), protocol).is_some();
        let dated = "gmt_refund=2026-01-01+00%3A00%3A00";
        for (protocol, own, other) in [
            (Protocol::Mapi, "refund_status=REFUND_SUCCESS", "refund_fee=0.01"),
            (Protocol::Openapi, "refund_fee=0.01", "refund_status=REFUND_SUCCESS"),
        ] {
            for before in ["", "passback_params=x&", "passback_params=&", "anything=x&"] {
                assert!(has(protocol, &format!("{before}{own}")), "{before}");
                assert!(has(protocol, &format!("{before}{dated}&{other}")), "{before}");
                assert!(has(protocol, &format!("{before}{dated}&{own}&{other}")), "{before}");
                assert!(!has(protocol, &format!("{before}{dated}&{own}")), "{before}");
            }
        }
        assert!(!has(Protocol::Openapi, "passback_params=x&refund_fee=0.00"));
    }

    #[test]
    fn the_list_is_sorted_and_has_no_name_twice() {
        assert!(READ.is_sorted_by(|a, b| a < b));
    }
}

//! The id that repeats of one notification share.

use std::collections::BTreeSet;

use alipay::{Form, Rule, canonical};
use sha2::{Digest, Sha256};

use crate::MessageKind;

/// The id of a message: SHA-256, as 64 lower-case hex digits, over the merchant, the kind and the
/// form's `notify_id`; where there is none, over the signed text without `notify_time` and empty values.
///
/// Alipay keeps the `notify_id` when it repeats a notification, and signs each repeat anew with
/// its own `notify_time`.
pub fn message_id(merchant: &str, kind: MessageKind, form: &Form) -> String {
    let mut parts = IdHasher::new(merchant, kind);
    match form.get("notify_id").filter(|id| !id.is_empty()) {
        Some(id) => {
            parts.add(b"notify_id");
            parts.add(id);
        }
        None => {
            parts.add(b"text");
            // Adding empty parameters does not make it another message.
            parts.add(&canonical(form, Rule::DropEmpty, &[NOTIFY_TIME.to_owned()]));
        }
    }
    parts.id()
}

/// The id by what a message holds, whatever its publisher called it. `is_ambiguous`: the signed text of a
/// notification can be cut in another way ([`alipay::SecondReading`]); a copy that was cut in another way keeps the
/// `notify_id` of the genuine message, and must not count as it.
pub fn id_of_content(merchant: &str, kind: MessageKind, form: &Form, is_ambiguous: bool) -> String {
    if is_ambiguous {
        message_id_of_parameters(merchant, kind, form)
    } else {
        message_id(merchant, kind, form)
    }
}

/// Over all parameters but `notify_time`, signatures and empty ones: neither `notify_id` nor the text distinguishes a
/// copy that was cut in another way from the genuine message.
fn message_id_of_parameters(merchant: &str, kind: MessageKind, form: &Form) -> String {
    let signed = |(name, value): &(&[u8], &[u8])| {
        !value.is_empty()
            && ["sign", "sign_type", NOTIFY_TIME].iter().all(|other| other.as_bytes() != *name)
    };
    let parameters: BTreeSet<(&[u8], &[u8])> = form.iter().filter(signed).collect();
    let mut parts = IdHasher::new(merchant, kind);
    parts.add(b"parameters");
    for (name, value) in parameters {
        parts.add(name);
        parts.add(value);
    }
    parts.id()
}

const NOTIFY_TIME: &str = "notify_time";

/// A hash of a list of parts.
pub(crate) struct IdHasher(Sha256);

impl IdHasher {
    pub(crate) fn new(merchant: &str, kind: MessageKind) -> IdHasher {
        let mut parts = IdHasher(Sha256::new());
        parts.add(merchant.as_bytes());
        parts.add(kind.as_str().as_bytes());
        parts
    }

    /// Each part with its length, so that no two different lists of parts give the same bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    pub(crate) fn id(self) -> String {
        base16ct::lower::encode_string(&self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::message_id;
    use crate::MessageKind;
    use alipay::Form;

    fn id(merchant: &str, kind: MessageKind, body: &str) -> String {
        message_id(merchant, kind, &Form::parse(body.as_bytes()).unwrap())
    }

    fn trade(body: &str) -> String {
        id("shop", MessageKind::TradeStatus, body)
    }

    /// Ids are in databases: this value may never change.
    #[test]
    fn golden() {
        assert_eq!(
            trade("notify_id=42&trade_status=TRADE_SUCCESS"),
            "96d9659f42984a70ad20dd1473db12b4766d8fbe9fbb58f483380275d20146be"
        );
    }

    #[test]
    fn same_notify_id_same_id() {
        let first = trade("notify_id=42&notify_time=2026-11-23+11%3A41%3A00&sign=a");
        assert_eq!(first, trade("sign=b&notify_time=2026-11-23+11%3A45%3A00&notify_id=42"));
        assert_ne!(first, trade("notify_id=43&notify_time=2026-11-23+11%3A41%3A00&sign=a"));
        assert!(first.len() == 64 && first.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn merchants_and_kinds_differ() {
        let ids = [
            id("shop", MessageKind::TradeStatus, "notify_id=42"),
            id("shop2", MessageKind::TradeStatus, "notify_id=42"),
            id("shop", MessageKind::BatchRefund, "notify_id=42"),
        ];
        assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2], "{ids:?}");
    }

    #[test]
    fn a_text_that_is_cut_anew_is_another_message() {
        let id = |body: &str| {
            super::message_id_of_parameters(
                "shop",
                MessageKind::TradeStatus,
                &Form::parse(body.as_bytes()).unwrap(),
            )
        };
        let genuine = id("a=x%26b%3D1&notify_id=42&notify_time=1&sign=a&sign_type=MD5");
        assert_eq!(genuine, id("sign=b&sign_type=RSA&notify_time=2&notify_id=42&a=x%26b%3D1&e="));
        assert_ne!(genuine, id("a=x&b=1&notify_id=42&notify_time=1&sign=a"));
    }

    #[test]
    fn without_notify_id_the_signed_text_counts() {
        let first = trade("trade_no=1&total_fee=1.00&notify_time=1&sign=a&sign_type=MD5");
        for same in [
            "sign=b&total_fee=1.00&trade_no=1&notify_time=2&sign_type=RSA2",
            "trade_no=1&total_fee=1.00",
        ] {
            assert_eq!(first, trade(same), "{same}");
        }
        assert_ne!(first, trade("trade_no=1&total_fee=2.00&notify_time=1&sign=a"));
        assert_ne!(first, trade("trade_no=2&total_fee=1.00&notify_time=1&sign=a"));
        // An empty notify_id names nothing: two such notifications are told apart by their text.
        assert_ne!(trade("notify_id=&trade_no=1"), trade("notify_id=&trade_no=2"));
    }

    #[test]
    fn a_notify_id_is_not_a_text() {
        assert_ne!(trade("notify_id=a%3Db"), trade("a=b"));
    }
}

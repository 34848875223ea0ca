//! The body of a message.

use alipay::{BatchRefundNotify, Charset, Form, order_in_form};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::topology::ShardCount;

/// One notification, or one request about an order, as it waits in a queue.
///
/// The JSON is meant to be read in any AMQP tool; unknown members are ignored, so that a newer
/// program can add one without a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Version of this structure: [`Envelope::VERSION`].
    pub version: u32,
    /// The merchant's name in the configuration.
    pub merchant: String,
    /// What the form is.
    pub kind: MessageKind,
    /// The character set of the form's values.
    pub charset: Charset,
    /// When the ingress received the form.
    pub received_at: DateTime<Utc>,
    /// The fingerprint of the key that verified the form ([`alipay::Verifier::fingerprint`]). Forms of
    /// our own have none, nor have notifications of version 0.1: those are tried with all keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The form as it was received, bytes outside printable ASCII percent-encoded
    /// ([`alipay::ascii_form`]): it decodes to what was signed.
    pub form: String,
}

impl Envelope {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// An envelope of the current version.
    pub fn new(
        merchant: impl Into<String>,
        kind: MessageKind,
        charset: Charset,
        received_at: DateTime<Utc>,
        form: impl Into<String>,
    ) -> Envelope {
        Envelope {
            version: Envelope::VERSION,
            merchant: merchant.into(),
            kind,
            charset,
            received_at,
            key: None,
            form: form.into(),
        }
    }

    /// The same, which names the key that verified the form.
    #[must_use]
    pub fn verified_by(self, fingerprint: Option<&str>) -> Envelope {
        Envelope { key: fingerprint.map(str::to_owned), ..self }
    }

    /// The shard that its message goes to: that of the order which its form names.
    pub fn shard(&self, shards: ShardCount) -> u32 {
        if shards == ShardCount::ONE {
            return 0;
        }
        let form = Form::parse(self.form.as_bytes()).ok();
        let order = form.and_then(|form| order_in_form(&form, self.charset));
        shards.shard_of(order.as_deref())
    }

    /// Reads the body of a message.
    ///
    /// # Errors
    ///
    /// The body is not an envelope, or is one of another version.
    pub fn read(body: &[u8]) -> Result<Envelope, EnvelopeError> {
        // The version is looked at first: another version may have other members.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Version { version } = serde_json::from_slice(body)?;
        if version != Envelope::VERSION {
            return Err(EnvelopeError::Version { version });
        }
        Ok(serde_json::from_slice(body)?)
    }

    /// The body of a message.
    pub fn to_bytes(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "strings, a number and a time always serialise")]
        serde_json::to_vec(self).expect("an envelope is JSON")
    }
}

/// What an [`Envelope`] carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum MessageKind {
    /// `trade_status_sync`: what happened to one trade.
    TradeStatus,
    /// `batch_refund_notify`: results of a batch of refunds, legacy gateway only.
    BatchRefund,
    /// A request to ask the gateway about an order.
    QueryRequest,
    /// The gateway's answer to such a request.
    QueryAnswer,
    /// What a person decided about a review.
    Decision,
    /// The gateway's answers to a refund that was asked for.
    RefundAnswer,
    /// Alipay has nothing to close for an order whose time is over.
    Expiry,
}

impl MessageKind {
    /// Every kind.
    pub const ALL: &[MessageKind] = MessageKind::VARIANTS;

    /// What a notification is; whether it makes sense is judged by the worker.
    pub fn of_notification(form: &Form) -> MessageKind {
        match form.get("notify_type") {
            Some(kind) if BatchRefundNotify::is_meant(kind) => MessageKind::BatchRefund,
            _ => MessageKind::TradeStatus,
        }
    }

    /// Whether Alipay signed the form; what our own programs write has no signature.
    pub fn is_notification(self) -> bool {
        matches!(self, MessageKind::TradeStatus | MessageKind::BatchRefund)
    }

    /// Reads the word; `None`: no kind that this version knows.
    pub fn read(word: &str) -> Option<MessageKind> {
        word.parse().ok()
    }

    /// The word in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a message body is not an [`Envelope`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON, or not the members that an envelope has.
    #[error("not an envelope: {problem} at line {line} column {column}")]
    Unreadable {
        /// What serde_json calls the kind of error; its full text may quote the body.
        problem: &'static str,
        /// Line in the body, from 1.
        line: usize,
        /// Column in the line, from 1.
        column: usize,
    },
    /// An envelope of a version that this program does not know.
    #[error("envelope version {version}, this program reads version {}", Envelope::VERSION)]
    Version {
        /// The version in the message.
        version: u32,
    },
}

impl EnvelopeError {
    /// A short word for metrics and dead letters.
    pub fn reason_code(&self) -> &'static str {
        match self {
            EnvelopeError::Unreadable { .. } => "unreadable_envelope",
            EnvelopeError::Version { .. } => "unknown_envelope_version",
        }
    }
}

impl From<serde_json::Error> for EnvelopeError {
    fn from(error: serde_json::Error) -> EnvelopeError {
        use serde_json::error::Category;
        let problem = match error.classify() {
            Category::Data => "a member is missing or of another type",
            Category::Eof => "the text ends early",
            Category::Io | Category::Syntax => "no JSON",
        };
        EnvelopeError::Unreadable { problem, line: error.line(), column: error.column() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Envelope, EnvelopeError, MessageKind};
    use crate::topology::ShardCount;
    use alipay::Charset;

    const GOLDEN: &str = r#"{"version":1,"merchant":"shop","kind":"trade_status","charset":"gbk","received_at":"2026-11-23T03:41:00.250Z","form":"subject=%B2%E2+%CA%D4&total_fee=12.34&sign=x"}"#;

    fn envelope() -> Envelope {
        Envelope::new(
            "shop",
            MessageKind::TradeStatus,
            Charset::Gbk,
            "2026-11-23T03:41:00.25Z".parse().unwrap(),
            "subject=%B2%E2+%CA%D4&total_fee=12.34&sign=x",
        )
    }

    /// Messages are older than programs: this text may grow but never change.
    #[test]
    fn golden() {
        assert_eq!(String::from_utf8(envelope().to_bytes()).unwrap(), GOLDEN);
        assert_eq!(Envelope::read(GOLDEN.as_bytes()), Ok(envelope()));
    }

    #[test]
    fn names_the_key() {
        let named = envelope().verified_by(Some("0123456789abcdef"));
        let golden = GOLDEN.replace("\"form\"", "\"key\":\"0123456789abcdef\",\"form\"");
        assert_eq!(String::from_utf8(named.to_bytes()).unwrap(), golden);
        assert_eq!(Envelope::read(golden.as_bytes()), Ok(named));
    }

    #[test]
    fn round_trip_of_each_kind() {
        for kind in MessageKind::ALL.iter().copied() {
            let envelope = Envelope { kind, ..envelope() };
            assert_eq!(Envelope::read(&envelope.to_bytes()), Ok(envelope));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }

    #[test]
    fn ignores_unknown_members() {
        let body = GOLDEN.replacen('{', r#"{"shard":7,"#, 1);
        assert_eq!(Envelope::read(body.as_bytes()), Ok(envelope()));
    }

    #[test]
    fn another_version() {
        let body = br#"{"version":2,"tenant":"shop"}"#;
        assert_eq!(Envelope::read(body), Err(EnvelopeError::Version { version: 2 }));
    }

    #[test]
    fn not_an_envelope() {
        for body in
            [&b""[..], b"out_trade_no=1", b"{}", b"[1]", b"\xff\xfe", &GOLDEN.as_bytes()[..60]]
        {
            let error = Envelope::read(body).unwrap_err();
            assert_eq!(error.reason_code(), "unreadable_envelope", "{error}");
        }
    }

    #[test]
    fn errors_do_not_quote_the_body() {
        for member in ["\"buyer@example.com\"", "[\"buyer@example.com\"]"] {
            let body = GOLDEN.replace("\"gbk\"", member);
            let error = Envelope::read(body.as_bytes()).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("buyer"), "{error:?}");
        }
    }

    #[test]
    fn the_order_that_the_form_names_decides_the_shard() {
        let shards = ShardCount::new(64);
        let of = |charset, form: &str| {
            Envelope { charset, form: form.into(), ..envelope() }.shard(shards)
        };
        let a1 = shards.shard_of(Some("A1"));
        assert_eq!(of(Charset::Gbk, "subject=%B2%E2&out_trade_no=A1&sign=x"), a1);
        assert_eq!(of(Charset::Utf8, "out_trade_no=%41%31"), a1);
        let message = "msg_method=m&biz_content=%7B%22out_trade_no%22%3A%22A1%22%7D";
        assert_eq!(of(Charset::Utf8, message), a1);
        // One number in two charsets.
        let order = shards.shard_of(Some("\u{8ba2}"));
        assert_eq!(of(Charset::Gbk, "out_trade_no=%B6%A9"), order);
        assert_eq!(of(Charset::Utf8, "out_trade_no=%E8%AE%A2"), order);
        // A batch of refunds names trades, and what cannot be read names nothing.
        for form in ["batch_no=1&result_details=2026%5E1.00%5ESUCCESS", "out_trade_no=%ff", "%zz"] {
            assert_eq!(of(Charset::Utf8, form), 0, "{form}");
        }
        assert_eq!(
            Envelope { form: "out_trade_no=A1".into(), ..envelope() }.shard(ShardCount::ONE),
            0
        );
    }
}

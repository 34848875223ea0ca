//! Envelopes whose form is written by our own programs, not by Alipay: a request to ask the
//! gateway, the gateway's answers, that an order has expired, and a person's decision.
//!
//! Nothing signs them, so they decide nothing: answers are verified again, and of an expiry or a
//! decision the message only names the row of the database that says it.
//!
//! Each form has a `notify_time` (when it was written, Beijing), which the
//! [`message_id`](crate::message_id) leaves out: the same request twice has one id.

use alipay::{Charset, Fen, Form, FormError, format_beijing};
use chrono::{DateTime, SubsecRound, Utc};
use service::trace;

use crate::message_id::{IdHasher, message_id};
use crate::topology::ShardCount;
use crate::{Envelope, Message, MessageKind};

/// What Alipay answered to a refund that was asked for, as parameters of a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefundAnswerForm<'a> {
    /// `out_trade_no`.
    pub order: &'a str,
    /// Alipay's number of the trade that was asked about.
    pub trade_no: &'a str,
    /// `out_request_no`: the answer to the refund itself does not name it.
    pub request_no: &'a str,
    /// The amount that was asked for, in yuan.
    pub amount: Fen,
    /// The answer to `alipay.trade.refund`, byte for byte; none where none came.
    pub refund: Option<&'a [u8]>,
    /// The answer to `alipay.trade.fastpay.refund.query`, byte for byte; none where it was not asked.
    pub refund_query: Option<&'a [u8]>,
}

impl Envelope {
    /// A request to ask the gateway about an order. `asked_by` says what for, in one word:
    /// `return_page`, `ops`.
    pub fn query_request(
        merchant: &str,
        order: &str,
        asked_by: &str,
        at: DateTime<Utc>,
    ) -> Envelope {
        let form = Form::from_pairs([("out_trade_no", order), ("asked_by", asked_by)]);
        command(merchant, MessageKind::QueryRequest, Charset::Utf8, at, form)
    }

    /// The gateway's answer about an order, byte for byte, which is in `charset`; `asked_at` is when
    /// the query was sent.
    pub fn query_answer(
        merchant: &str,
        charset: Charset,
        order: &str,
        asked_at: DateTime<Utc>,
        body: &[u8],
    ) -> Envelope {
        let mut form = Form::from_pairs([("out_trade_no", order)]);
        form.set("answer", body);
        command(merchant, MessageKind::QueryAnswer, charset, asked_at, form)
    }

    /// The gateway's answers to a refund, which are in `charset`; `asked_at` is when they were asked for.
    pub fn refund_answer(
        merchant: &str,
        charset: Charset,
        answer: &RefundAnswerForm<'_>,
        asked_at: DateTime<Utc>,
    ) -> Envelope {
        let mut form = Form::from_pairs([
            ("out_trade_no", answer.order),
            ("trade_no", answer.trade_no),
            ("out_request_no", answer.request_no),
            ("refund_amount", &answer.amount.to_string()),
        ]);
        for (name, body) in [("refund", answer.refund), ("refund_query", answer.refund_query)] {
            if let Some(body) = body {
                form.set(name, body);
            }
        }
        command(merchant, MessageKind::RefundAnswer, charset, asked_at, form)
    }

    /// Says that `order_expiry` has a row about this order: Alipay has nothing to close for it, whose
    /// time, `ended`, is over. The times are for people; workers read the row.
    pub fn expiry(
        merchant: &str,
        order: &str,
        ended: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Envelope {
        let ended = format_beijing(ended);
        let form = Form::from_pairs([("out_trade_no", order), ("expires_at", ended.as_str())]);
        command(merchant, MessageKind::Expiry, Charset::Utf8, at, form)
    }

    /// Says that the table `decision` has a row with this number, about a review of this order.
    pub fn decision(merchant: &str, order: &str, number: i64, at: DateTime<Utc>) -> Envelope {
        let number = number.to_string();
        let form = Form::from_pairs([("out_trade_no", order), ("decision_no", number.as_str())]);
        command(merchant, MessageKind::Decision, Charset::Utf8, at, form)
    }

    /// The message that carries this envelope to the workers, in the current trace.
    ///
    /// # Errors
    /// The form is none: never so for an envelope made here.
    pub fn message(&self, shards: ShardCount) -> Result<Message, FormError> {
        let message = Message::notify(self, self.message_id()?, None, shards);
        Ok(message.in_trace(trace::current().as_ref()))
    }

    /// The [`message_id`](crate::message_id) of this envelope.
    ///
    /// # Errors
    /// The form is none: never so for an envelope made here.
    pub fn message_id(&self) -> Result<String, FormError> {
        Ok(message_id(&self.merchant, self.kind, &Form::parse(self.form.as_bytes())?))
    }

    /// Hex SHA-256 of merchant, charset and form, byte for byte: by it the program that got an answer of the
    /// gateway stores it, and a lane looks it up. Unlike the message id it differs between two cuts of one text.
    pub fn digest(&self) -> String {
        let mut parts = IdHasher::new(&self.merchant, self.kind);
        parts.add(self.charset.to_string().as_bytes());
        parts.add(self.form.as_bytes());
        parts.id()
    }
}

fn command(
    merchant: &str,
    kind: MessageKind,
    charset: Charset,
    at: DateTime<Utc>,
    mut form: Form,
) -> Envelope {
    form.set("notify_time", format_beijing(at.trunc_subsecs(0)));
    Envelope::new(merchant, kind, charset, at, form.encode())
}

#[cfg(test)]
mod tests {
    use super::RefundAnswerForm;
    use crate::Envelope;
    use alipay::{Charset, Fen, Form};
    use chrono::{DateTime, Utc};

    fn at() -> DateTime<Utc> {
        "2026-11-23T03:41:00.25Z".parse().unwrap()
    }

    fn id(envelope: &Envelope) -> String {
        envelope.message_id().unwrap()
    }

    /// Messages are older than programs: these texts may grow but never change.
    #[test]
    fn golden() {
        let refund = RefundAnswerForm {
            order: "A 1",
            trade_no: "2026",
            request_no: "R1",
            amount: Fen::new(150),
            refund: Some(b"{\"a\":\"\xb2\xe2 +\"}"),
            refund_query: None,
        };
        for (envelope, golden) in [
            (
                Envelope::query_request("shop", "A 1", "ops", at()),
                r#"{"version":1,"merchant":"shop","kind":"query_request","charset":"utf-8","received_at":"2026-11-23T03:41:00.250Z","form":"out_trade_no=A+1&asked_by=ops&notify_time=2026-11-23+11%3A41%3A00"}"#,
            ),
            (
                Envelope::query_answer("shop", Charset::Gbk, "A1", at(), b"{\"a\":\"\xb2\xe2 +\"}"),
                r#"{"version":1,"merchant":"shop","kind":"query_answer","charset":"gbk","received_at":"2026-11-23T03:41:00.250Z","form":"out_trade_no=A1&answer=%7B%22a%22%3A%22%B2%E2+%2B%22%7D&notify_time=2026-11-23+11%3A41%3A00"}"#,
            ),
            (
                Envelope::refund_answer("shop", Charset::Gbk, &refund, at()),
                r#"{"version":1,"merchant":"shop","kind":"refund_answer","charset":"gbk","received_at":"2026-11-23T03:41:00.250Z","form":"out_trade_no=A+1&trade_no=2026&out_request_no=R1&refund_amount=1.50&refund=%7B%22a%22%3A%22%B2%E2+%2B%22%7D&notify_time=2026-11-23+11%3A41%3A00"}"#,
            ),
            (
                Envelope::expiry("shop", "A1", at(), at() + chrono::TimeDelta::seconds(60)),
                r#"{"version":1,"merchant":"shop","kind":"expiry","charset":"utf-8","received_at":"2026-11-23T03:42:00.250Z","form":"out_trade_no=A1&expires_at=2026-11-23+11%3A41%3A00.250&notify_time=2026-11-23+11%3A42%3A00"}"#,
            ),
            (
                Envelope::decision("shop", "A 1", 7, at()),
                r#"{"version":1,"merchant":"shop","kind":"decision","charset":"utf-8","received_at":"2026-11-23T03:41:00.250Z","form":"out_trade_no=A+1&decision_no=7&notify_time=2026-11-23+11%3A41%3A00"}"#,
            ),
        ] {
            assert_eq!(String::from_utf8(envelope.to_bytes()).unwrap(), golden);
        }
    }

    #[test]
    fn an_answer_keeps_its_bytes() {
        let body: Vec<u8> = (0..=255).collect();
        let envelope = Envelope::query_answer("shop", Charset::Gbk, "A1", at(), &body);
        let form = Form::parse(envelope.form.as_bytes()).unwrap();
        assert_eq!(form.get("answer"), Some(&body[..]));
    }

    #[test]
    fn asked_again_later_it_has_the_same_id() {
        let later = at() + chrono::TimeDelta::minutes(5);
        let ask = |order, at| id(&Envelope::query_request("shop", order, "ops", at));
        assert_eq!(ask("A1", at()), ask("A1", later));
        assert_ne!(ask("A1", at()), ask("A2", at()));
        let answer = |body, at| id(&Envelope::query_answer("shop", Charset::Utf8, "A1", at, body));
        assert_eq!(answer(b"x", at()), answer(b"x", later));
        assert_ne!(answer(b"x", at()), answer(b"y", at()));
        let expiry = |ended, at| id(&Envelope::expiry("shop", "A1", ended, at));
        assert_eq!(expiry(at(), at()), expiry(at(), later));
        assert_ne!(expiry(at(), later), expiry(later, later));
    }
}

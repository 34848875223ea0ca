//! From a message in the queue to what a batch can work on.

mod command;
mod doubtful;
mod publisher_check;
pub(crate) mod receipt;
mod refund_answer;
mod rejection;
mod verification;

use alipay::{
    BatchRefundNotify, Charset, DepositBack, Form, Notification, Protocol, SecondReading,
    TradeStatusSync, check_number,
};
use chrono::{DateTime, Utc};
use config::{Config, LatePaymentPolicy};
use gateway::Gateway;
use order::{ConfirmedRefund, MerchantAccount, QueryReason, RejectionReason};
use queue::{Envelope, Headers, MessageKind, ReceivedMessage};
use service::trace::TraceContext;
use store::gateway_answer::AnswerKey;
use store::notification::MessageKey;

/// The largest form that is worked on, bytes. Its inbox row must fit `max_allowed_packet` of any database: a larger row
/// fails like a broken connection, and the message would be retried forever. Alipay's notifications have a few KiB.
const FORM_LIMIT: usize = 1024 * 1024;

pub use command::NamedDecision;
pub use doubtful::Doubtful;
pub use rejection::Rejection;
pub(crate) use verification::MAX_RECEIPT_AGE;

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// `trade_status_sync`.
    Trade(Box<TradeStatusSync>),
    /// `batch_refund_notify`.
    BatchRefund(BatchRefundNotify),
    /// What a bank did with a refund.
    DepositBack(Box<DepositBack>),
    /// A `trade_status_sync` that is not trusted on its own.
    Doubtful(Doubtful),
    /// The gateway's answer, verified again; `notify_time` is when it was asked.
    Answer(Box<TradeStatusSync>),
    /// The gateway knows no trade of this order.
    NoTrade {
        /// The order.
        order: String,
    },
    /// Apply the rows of `order_expired` about this order.
    Expiry {
        /// The order.
        order: String,
    },
    /// Ask the gateway about this order.
    Request {
        /// The order.
        order: String,
        /// Who asks.
        asked_by: QueryReason,
    },
    /// Apply a person's decision about a review.
    Decision(NamedDecision),
    /// The gateway's answer that a refund was made, verified again.
    RefundAnswer(ConfirmedRefund),
}

impl From<Notification> for Content {
    fn from(notification: Notification) -> Content {
        match notification {
            Notification::Trade(trade) => Content::Trade(trade),
            Notification::BatchRefund(batch) => Content::BatchRefund(batch),
            Notification::DepositBack(back) => Content::DepositBack(back),
        }
    }
}

/// The id under which workers know a message with this body: computed from its content; `None` where it cannot be read and
/// its publisher's id is used.
pub fn content_id(body: &[u8], config: &Config) -> Option<String> {
    let envelope = Envelope::read(body).ok()?;
    let merchant = config.merchants.get(&envelope.merchant)?;
    let form = Form::parse(envelope.form.as_bytes()).ok()?;
    Some(id_of(&envelope, &form, merchant.protocol))
}

/// The order number in the text of a form, where it can be read and a column can hold it.
pub(crate) fn order_in_form(form: &str, charset: Charset) -> Option<String> {
    let form = Form::parse(form.as_bytes()).ok()?;
    alipay::order_in_form(&form, charset).and_then(usable)
}

/// The trade that the text of a form names, where a column can hold it; of a batch of several trades none.
pub(crate) fn trade_in_form(form: &str, charset: Charset) -> Option<String> {
    let form = Form::parse(form.as_bytes()).ok()?;
    let number = match (form.get("trade_no"), form.get("result_details")) {
        (Some(number), _) => charset.decode(number).ok()?,
        (None, Some(details)) => {
            let details = charset.decode(details).ok()?;
            match alipay::BatchRefundItem::parse_details(&details).ok()?.as_slice() {
                [item] => item.trade_no.clone(),
                _ => return None,
            }
        }
        (None, None) => return None,
    };
    usable(number)
}

/// A number of an order, trade or request, if the text can be one: columns hold this length.
pub(crate) fn usable(number: String) -> Option<String> {
    check_number(&number).is_ok().then_some(number)
}

fn envelope(body: &[u8]) -> Result<Envelope, Rejection> {
    Envelope::read(body).map_err(|error| Rejection::new(RejectionReason::NoEnvelope, error))
}

fn id_of(envelope: &Envelope, form: &Form, protocol: Protocol) -> String {
    let is_ambiguous =
        envelope.kind.is_notification() && SecondReading::of(form, protocol).is_some();
    queue::id_of_content(&envelope.merchant, envelope.kind, form, is_ambiguous)
}

/// A verified notification, or a message of our own, read and ready for a batch.
#[derive(Debug, Clone)]
pub struct InboundMessage {
    /// Hex SHA-256 of its content, the same for every repeat; of a form that cannot be parsed its publisher's id.
    pub message_id: String,
    /// The merchant that it came for.
    pub account: MerchantAccount,
    /// The gateway of that merchant: at the Open Platform a program can refund.
    pub protocol: Protocol,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// The charset that the form is in.
    pub charset: Charset,
    /// As received, non-ASCII bytes percent-encoded.
    pub form: String,
    /// When the ingress received it; an older time than 40 days ago counts as that.
    pub received_at: DateTime<Utc>,
    /// When the ingress received it, as the message says.
    pub stated_at: DateTime<Utc>,
    /// Retry tiers that it has passed.
    pub attempt: u32,
    /// It was a dead letter before, and becomes one again if it is rejected.
    pub was_dead: bool,
    /// The trace that it belongs to, and with it the events that it causes.
    pub trace: Option<TraceContext>,
    /// Of an answer of the gateway: the digest that the program which got it has written down. `None` where this
    /// program got it itself.
    pub answer_digest: Option<String>,
    /// Its content, or why it can never be read.
    pub content: Result<Content, Rejection>,
}

impl InboundMessage {
    /// Reads a message that the broker delivered.
    ///
    /// # Errors
    /// A [`Rejection`] when its publisher may not publish it, and those of [`InboundMessage::read`].
    pub fn receive(
        received: &ReceivedMessage,
        config: &Config,
    ) -> Result<InboundMessage, Rejection> {
        let envelope = envelope(&received.body)?;
        publisher_check::check(received.user_id.as_deref(), envelope.kind, &config.amqp)?;
        InboundMessage::of_envelope(envelope, &received.message_id, config, Utc::now())
            .map(|message| message.with_headers(&received.headers))
    }

    /// Reads a message whose publisher is not in question.
    ///
    /// # Errors
    /// A [`Rejection`] when the body is no envelope, its merchant is not configured, or it is too large, so that not
    /// even the inbox can hold it. A notification that cannot be read *is* an `InboundMessage`, with the reason
    /// as its content, because the inbox records it.
    pub fn read(
        id: &str,
        headers: &Headers,
        body: &[u8],
        config: &Config,
    ) -> Result<InboundMessage, Rejection> {
        InboundMessage::of_envelope(envelope(body)?, id, config, Utc::now())
            .map(|message| message.with_headers(headers))
    }

    pub(crate) fn with_headers(self, headers: &Headers) -> InboundMessage {
        InboundMessage { attempt: headers.attempt, was_dead: headers.was_dead(), ..self }
    }

    /// The same as part of this trace, if there is one.
    pub(crate) fn in_trace(self, trace: Option<TraceContext>) -> InboundMessage {
        InboundMessage { trace, ..self }
    }

    /// Reads an envelope that is in no queue: a row of the inbox, or one made of a row.
    ///
    /// # Errors
    /// As [`InboundMessage::read`].
    pub fn of_envelope(
        envelope: Envelope,
        message_id: &str,
        config: &Config,
        now: DateTime<Utc>,
    ) -> Result<InboundMessage, Rejection> {
        let Some(merchant) = config.merchants.get(&envelope.merchant) else {
            let error = format!("merchant {} is not configured here", envelope.merchant);
            return Err(Rejection::new(RejectionReason::UnknownMerchant, error));
        };
        let size = envelope.form.len();
        if size > FORM_LIMIT {
            let error = format!("the form has {size} bytes; at most {FORM_LIMIT} are worked on");
            return Err(Rejection::new(RejectionReason::TooLarge, error));
        }
        let account = MerchantAccount {
            merchant: envelope.merchant.clone(),
            seller_id: merchant.seller_id.clone(),
            app_id: merchant.app_id.clone(),
            refunds_late: merchant.late_payment == LatePaymentPolicy::Refund,
            confirms_above: merchant.confirm.above(),
            longest_time_to_pay: merchant.longest_time_to_pay(),
        };
        let received_at = verification::bounded_receipt_time(envelope.received_at, now);
        let answer_digest = (envelope.kind == MessageKind::QueryAnswer).then(|| envelope.digest());
        let form = Form::parse(envelope.form.as_bytes());
        // The publisher chooses the property, so the tables use an id that is computed from the content.
        let message_id = match &form {
            Ok(form) => id_of(&envelope, form, merchant.protocol),
            Err(_) => message_id.to_owned(),
        };
        let content = form
            .map_err(|error| Rejection::new(RejectionReason::BadForm, error))
            .and_then(|form| {
                match envelope.kind {
                    MessageKind::TradeStatus | MessageKind::BatchRefund => {
                        let charset = verification::check(&envelope, &form, merchant, received_at)?;
                        let is_asked = config.worker.queries && Gateway::can_ask(merchant).is_ok();
                        // An attacker's copy of an old notification comes through the ingress, which sets this time.
                        let stated_at = envelope.received_at;
                        doubtful::read(&form, charset, merchant.protocol, stated_at, is_asked)
                    }
                    MessageKind::QueryRequest => command::request(&form),
                    MessageKind::QueryAnswer => {
                        command::answer(&form, envelope.charset, merchant, now)
                    }
                    MessageKind::Decision => command::decision(&form),
                    MessageKind::Expiry => Ok(Content::Expiry { order: command::order(&form)? }),
                    MessageKind::RefundAnswer => {
                        refund_answer::read(&form, envelope.charset, merchant, now)
                    }
                }
            });
        Ok(InboundMessage {
            message_id,
            account,
            protocol: merchant.protocol,
            kind: envelope.kind,
            charset: envelope.charset,
            form: envelope.form,
            received_at,
            stated_at: envelope.received_at,
            attempt: 0,
            was_dead: false,
            trace: None,
            answer_digest,
            content,
        })
    }

    /// What a message without its order waits for.
    pub(crate) fn awaited(&self) -> String {
        match self.order_id() {
            Some(order) => format!("order {order}"),
            // A batch names trades.
            None => "order that knows a trade of the batch".to_owned(),
        }
    }

    /// The order that it is about, if it can be worked on.
    pub(crate) fn order(&self) -> Option<&str> {
        match &self.content {
            Ok(Content::Trade(trade) | Content::Answer(trade)) => Some(&trade.out_trade_no),
            Ok(
                Content::NoTrade { order }
                | Content::Request { order, .. }
                | Content::Expiry { order },
            ) => Some(order),
            Ok(Content::Decision(decision)) => Some(&decision.order),
            Ok(Content::Doubtful(doubtful)) => Some(&doubtful.notification.out_trade_no),
            Ok(Content::DepositBack(back)) => Some(&back.out_trade_no),
            Ok(Content::RefundAnswer(answer)) => Some(&answer.out_trade_no),
            Ok(Content::BatchRefund(_)) | Err(_) => None,
        }
    }

    /// Its key in the inbox.
    pub(crate) fn key(&self) -> MessageKey<'_> {
        MessageKey {
            merchant: &self.account.merchant,
            kind: self.kind.as_str(),
            message_id: &self.message_id,
        }
    }

    /// The answer of the gateway that it carries.
    pub(crate) fn answer(&self) -> Option<AnswerKey<'_>> {
        match (&self.content, &self.answer_digest) {
            (Ok(Content::Answer(_) | Content::NoTrade { .. }), Some(digest)) => {
                Some(AnswerKey { order_id: self.order()?, digest })
            }
            _ => None,
        }
    }

    /// The trade that it reports.
    pub(crate) fn trade(&self) -> Option<&TradeStatusSync> {
        match &self.content {
            Ok(Content::Trade(trade) | Content::Answer(trade)) => Some(trade),
            _ => None,
        }
    }

    /// The order number that it carries, also where something else in it cannot be read.
    pub fn order_id(&self) -> Option<String> {
        let read = self.order().map(str::to_owned);
        read.or_else(|| order_in_form(&self.form, self.charset))
    }

    /// The trade that it names, also where it cannot be worked on; of a batch of several trades none.
    pub(crate) fn named_trade(&self) -> Option<String> {
        trade_in_form(&self.form, self.charset)
    }
}

#[cfg(test)]
mod tests {
    use alipay::Charset;

    use super::order_in_form;

    #[test]
    fn the_order_of_a_form_is_a_number_that_a_column_can_hold() {
        let order = |form: &str| order_in_form(form, Charset::Utf8);
        assert_eq!(order("out_trade_no=A-1&trade_no=2").as_deref(), Some("A-1"));
        assert_eq!(order(&format!("out_trade_no={}", "x".repeat(64))).map(|it| it.len()), Some(64));
        for bad in ["trade_no=2", "out_trade_no=", "out_trade_no=a%0Ab", "out_trade_no=%FF"] {
            assert_eq!(order(bad), None, "{bad}");
        }
        assert_eq!(order(&format!("out_trade_no={}", "x".repeat(65))), None);
        // A message of the Open Platform holds it inside.
        let inside = "msg_method=m&biz_content=%7B%22out_trade_no%22%3A%22B-7%22%7D";
        assert_eq!(order(inside).as_deref(), Some("B-7"));
    }
}

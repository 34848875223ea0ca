//! Messages about a trade that were rejected, read once more from the inbox.

use alipay::Charset;
use chrono::Utc;
use config::Config;
use order::{Mismatch, RejectedMessage, RejectedPayment};
use queue::{Envelope, MessageKind};
use store::notification::{self, RejectedLine};
use store::refund::{self, MerchantTrade};
use store::{MysqlConnection, StoreError};
use worker::message::{Content, InboundMessage};

/// A message about one trade whose signature is valid with today's keys, with the reason of its rejection.
#[derive(Debug)]
pub(crate) struct Rejected {
    pub(crate) merchant: String,
    pub(crate) reason: Option<String>,
    pub(crate) content: Content,
}

impl Rejected {
    /// The message, where it is about this trade and can be read.
    pub(crate) fn of(
        message: InboundMessage,
        reason: Option<String>,
        trade_no: &str,
    ) -> Option<Rejected> {
        let merchant = message.account.merchant.clone();
        let content = message.content.ok()?;
        let is_meant = word(&content).is_some_and(|word| word.trade().trade_no == trade_no);
        is_meant.then_some(Rejected { merchant, reason, content })
    }

    /// What it says.
    pub(crate) fn word(&self) -> Option<RejectedMessage<'_>> {
        word(&self.content)
    }
}

/// What a message says of one trade; a notification that is doubted says nothing.
pub(crate) fn word(content: &Content) -> Option<RejectedMessage<'_>> {
    match content {
        Content::Trade(trade) => Some(RejectedMessage::Notification(trade)),
        Content::Answer(trade) => Some(RejectedMessage::Answer(trade)),
        _ => None,
    }
}

/// The messages of the inbox.
pub(crate) fn in_inbox(
    connection: &mut MysqlConnection,
    config: &Config,
    trade_no: &str,
) -> Result<Vec<Rejected>, StoreError> {
    let lines = notification::rejected_of_trade(connection, trade_no)?;
    Ok(lines.iter().filter_map(|line| of_line(line, config, trade_no)).collect())
}

fn of_line(line: &RejectedLine, config: &Config, trade_no: &str) -> Option<Rejected> {
    let kind = MessageKind::read(&line.kind)?;
    let charset = Charset::named(line.charset.as_bytes())?;
    let (merchant, form) = (line.merchant.as_str(), line.form.as_str());
    let envelope = Envelope::new(merchant, kind, charset, line.received_at, form);
    let message = InboundMessage::of_envelope(envelope, "", config, Utc::now()).ok()?;
    Rejected::of(message, line.reason.clone(), trade_no)
}

/// The payment that these messages describe, with the booked refunds of its trade; `None` without a message.
/// Those of another merchant or about another order are left out.
pub(crate) fn payment(
    connection: &mut MysqlConnection,
    merchant: &str,
    order: &str,
    trade_no: &str,
    messages: &[Rejected],
) -> Result<Result<Option<RejectedPayment>, Mismatch>, StoreError> {
    let words: Vec<RejectedMessage<'_>> = messages
        .iter()
        .filter(|message| message.merchant == merchant)
        .filter_map(Rejected::word)
        .filter(|word| word.trade().out_trade_no == order)
        .collect();
    let key = MerchantTrade { merchant, trade_no };
    let refunds = refund::of_trades(connection, &[key])?.into_iter().map(|(_, refund)| refund);
    Ok(RejectedPayment::of(merchant, &words, refunds))
}

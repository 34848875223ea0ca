//! A payment that was rejected, found by its trade's number.

use chrono::{DateTime, Utc};
use order::{RejectedPayment, RejectedWord};
use queue::{Envelope, Kind, Received};
use service::Config;
use store::MysqlConnection;
use store::refund::{self, MerchantTrade};
use store::report::{self, RejectedLine};
use store::trade;
use worker::incoming::{Content, Incoming};

use crate::context::Context;
use crate::dead_letter::rejected_words;
use crate::dead_queue::DeadQueue;
use crate::failure::Failure;

/// A message about the trade that Alipay signed, with why it was rejected.
struct Message {
    merchant: String,
    reason: Option<String>,
    content: Content,
}

/// The payment, with why it was rejected.
pub(super) struct Rejected {
    pub(super) payment: RejectedPayment,
    pub(super) reason: String,
}

/// Finds a rejected payment: in the inbox, else among the dead letters. An error says why there is none.
pub(super) fn find(
    context: &Context,
    connection: &mut MysqlConnection,
    order: Option<&str>,
    trade_no: &str,
) -> Result<Rejected, Failure> {
    if let Some((_, owner)) = trade::orders_of(connection, &[trade_no])?.into_iter().next() {
        return Err(Failure::No(format!(
            "trade {trade_no} belongs to order {owner}: ops refund {owner} --trade-no {trade_no}"
        )));
    }
    let config = &context.config;
    let lines = report::rejected_of_trade(connection, trade_no)?;
    let mut messages: Vec<Message> =
        lines.iter().filter_map(|line| of_inbox(line, config, trade_no)).collect();
    if messages.is_empty() {
        messages = of_letters(context, trade_no)?;
    }
    let told = |message: &Message| words_of(&message.content).map(|word| word.said().clone());
    let named = messages.iter().find_map(told).map(|said| said.out_trade_no);
    let Some(named) = named else { return Err(unknown(order, trade_no)) };
    if let Some(order) = order.filter(|order| *order != named) {
        return Err(Failure::No(format!(
            "the payment {trade_no} names order {named}, not {order}: ops refund {named} --trade-no {trade_no}"
        )));
    }
    messages.retain(|it| words_of(&it.content).is_some_and(|it| it.said().out_trade_no == named));
    let merchant = messages.first().map(|it| it.merchant.clone()).unwrap_or_default();
    messages.retain(|message| message.merchant == merchant);
    let words: Vec<RejectedWord<'_>> =
        messages.iter().filter_map(|message| words_of(&message.content)).collect();
    let key = MerchantTrade { merchant: &merchant, trade_no };
    let refunds = refund::of_trades(connection, &[key])?.into_iter().map(|(_, refund)| refund);
    let payment = RejectedPayment::of(&merchant, &words, refunds).map_err(|mismatch| {
        Failure::No(format!(
            "payment {trade_no} cannot be given back from here: {mismatch}. Give it back on Alipay's page"
        ))
    })?;
    let reason = messages.into_iter().find_map(|message| message.reason);
    match payment {
        Some(payment) => {
            Ok(Rejected { payment, reason: reason.unwrap_or_else(|| "no reason".to_owned()) })
        }
        None => Err(unknown(order, trade_no)),
    }
}

fn unknown(order: Option<&str>, trade_no: &str) -> Failure {
    let ask = order.map(|order| format!("; `ops query {order} --apply` asks Alipay"));
    let who = order.map_or_else(|| "an order".to_owned(), |order| format!("order {order}"));
    Failure::No(format!(
        "no trade {trade_no} paid {who}, as far as is known here, and no rejected message with a valid \
         signature tells of it{}",
        ask.unwrap_or_default()
    ))
}

/// What a message tells of one trade.
fn words_of(content: &Content) -> Option<RejectedWord<'_>> {
    rejected_words(content)
}

/// Reads a row of the inbox once more, its signature with today's keys.
fn of_inbox(line: &RejectedLine, config: &Config, trade_no: &str) -> Option<Message> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.as_str() == line.kind)?;
    let charset = alipay::Charset::named(line.charset.as_bytes())?;
    let at: DateTime<Utc> = line.received_at();
    let envelope = Envelope::new(line.merchant.as_str(), kind, charset, at, line.form.as_str());
    let incoming = Incoming::of(envelope, String::new(), config, Utc::now()).ok()?;
    message(incoming, line.reason.clone(), trade_no)
}

/// The letters that tell of this trade: those that killed a worker are in no inbox.
fn of_letters(context: &Context, trade_no: &str) -> Result<Vec<Message>, Failure> {
    context.block_on(async {
        let mut queue = DeadQueue::open(&context.broker()?).await?;
        let mut found = Vec::new();
        let looked = queue.look(u32::MAX, |received: Received| {
            let reason = received.headers.reason.clone();
            let read = Incoming::read(&received, &context.config).ok();
            found.extend(read.and_then(|incoming| message(incoming, reason, trade_no)));
        });
        let looked = looked.await;
        queue.close().await?;
        looked?;
        Ok(found)
    })
}

fn message(incoming: Incoming, reason: Option<String>, trade_no: &str) -> Option<Message> {
    let merchant = incoming.identity.merchant.clone();
    let content = incoming.content.ok()?;
    let is_meant = words_of(&content).is_some_and(|word| word.said().trade_no == trade_no);
    is_meant.then_some(Message { merchant, reason, content })
}

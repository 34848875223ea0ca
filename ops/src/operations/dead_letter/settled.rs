//! Looks up what the database says about a dead letter. The rule itself is in [`rule`].

mod rule;

use alipay::TradeStatusSync;
use chrono::{DateTime, Utc};
use config::Config;
use order::{DecisionState, OrderStatus, Refund};
use store::notification::{self, MessageKey};
use store::refund::{self, MerchantTrade};
use store::refund_request;
use store::{MysqlConnection, StoreError, decision, trade, user_order};
use worker::message::{Content, InboundMessage};

pub(crate) use rule::SettledReason;
use rule::{KnownTrade, MessageSource, refund_booked, trade_settled};

use super::message::LetterMessage;
use crate::operations::rejected_payment::{Rejected, in_inbox, payment};

/// Whether nothing is left to do about a letter; `None` where something is, or may be.
pub(crate) fn settled(
    connection: &mut MysqlConnection,
    config: &Config,
    letter: &LetterMessage,
) -> Result<Option<SettledReason>, StoreError> {
    let LetterMessage { message_id, headers, body } = letter;
    // What cannot be read and verified today is looked at by a person.
    let read = InboundMessage::read(message_id, headers, body, config);
    let Ok(mut message) = read else { return Ok(None) };
    message.prove_receipt(connection, headers, body, config)?;
    if message.content.is_err() {
        return Ok(None);
    }
    let Some(died_at) = headers.died_at else { return Ok(None) };
    let key = MessageKey {
        merchant: &message.account.merchant,
        kind: message.kind.as_str(),
        message_id: &message.message_id,
    };
    let line = notification::find(connection, key.merchant, key.kind, key.message_id)?;
    if line.is_some_and(|line| line.outcome.is_worked_on() && line.last_seen.0 > died_at) {
        return Ok(Some(SettledReason::WorkedOn));
    }
    let merchant = message.account.merchant.clone();
    match &message.content {
        Ok(Content::Trade(trade_message)) => {
            of_trade(connection, config, &message, trade_message, MessageSource::Notification)
        }
        Ok(Content::Answer(trade_message)) => {
            of_trade(connection, config, &message, trade_message, MessageSource::Gateway)
        }
        Ok(Content::Doubtful(doubtful)) => of_trade(
            connection,
            config,
            &message,
            &doubtful.notification,
            MessageSource::Notification,
        ),
        Ok(Content::BatchRefund(batch)) => {
            let refunds: Vec<Refund> =
                batch.items.iter().map(|item| Refund::of_batch_item(batch, item)).collect();
            all_booked(connection, &merchant, &refunds)
        }
        Ok(Content::RefundAnswer(trade_message)) => {
            all_booked(connection, &merchant, &[Refund::of_answer(trade_message)])
        }
        Ok(Content::Request { order, .. }) => asked_since(connection, &merchant, order, died_at),
        Ok(Content::Expiry { order }) => {
            let row = user_order::find(connection, order)?.filter(|row| row.merchant == merchant);
            Ok(row
                .filter(|row| row.status != OrderStatus::Placed.code())
                .map(|_| SettledReason::InBooks))
        }
        Ok(Content::Decision(named)) => {
            let row = decision::by_ids(connection, &[named.number])?.into_iter().next();
            let row = row
                .filter(|row| row.order_id == named.order && row.state == DecisionState::Applied);
            Ok(row.map(|_| SettledReason::InBooks))
        }
        // If the gateway knows no trade, that contradicts our data or says nothing; a refund that a bank rejected is
        // for a person to handle.
        Ok(Content::NoTrade { .. } | Content::DepositBack(_)) | Err(_) => Ok(None),
    }
}

fn of_trade(
    connection: &mut MysqlConnection,
    config: &Config,
    message: &InboundMessage,
    trade_message: &TradeStatusSync,
    by: MessageSource,
) -> Result<Option<SettledReason>, StoreError> {
    let account = &message.account;
    let holders = trade::holders(connection, &trade_message.trade_no)?;
    if !holders.is_empty() {
        let row = match holders.contains(&trade_message.out_trade_no) {
            true => user_order::find(connection, &trade_message.out_trade_no)?,
            false => None,
        };
        let Some(row) = row else {
            return Ok(trade_settled(account, trade_message, by, &KnownTrade::OfAnother));
        };
        let trades = trade::of_orders(connection, &[&trade_message.out_trade_no])?;
        let mut trades = trades.iter().map(|(_, it)| it);
        let trade = trades.find(|it| it.trade_no == trade_message.trade_no);
        let Some(trade) = trade else { return Ok(None) };
        let known = KnownTrade::OfOrder { terms: &row.terms(), trade };
        return Ok(trade_settled(account, trade_message, by, &known));
    }
    let (merchant, order, trade_no) =
        (&account.merchant, &trade_message.out_trade_no, &trade_message.trade_no);
    let mut messages = in_inbox(connection, config, trade_no)?;
    messages.extend(Rejected::of(message.clone(), None, trade_no));
    let payment = payment(connection, merchant, order, trade_no, &messages)?.ok().flatten();
    let key = MerchantTrade { merchant, trade_no };
    let requests = refund_request::of_rejected(connection, &[key])?;
    let own = refund_request::of_payment(&requests, key, order);
    let given_back = refund_request::given_back(&own);
    let known = KnownTrade::WithoutOrder { payment: payment.as_ref(), given_back };
    Ok(trade_settled(account, trade_message, by, &known))
}

/// Whether all these refunds are booked, and each belongs to an order or to a payment that was given back.
fn all_booked(
    connection: &mut MysqlConnection,
    merchant: &str,
    refunds: &[Refund],
) -> Result<Option<SettledReason>, StoreError> {
    let keys: Vec<MerchantTrade<'_>> =
        refunds.iter().map(|it| MerchantTrade { merchant, trade_no: &it.trade_no }).collect();
    let rows: Vec<Refund> =
        refund::of_trades(connection, &keys)?.into_iter().map(|(_, row)| row).collect();
    if refunds.is_empty() || !refunds.iter().all(|refund| refund_booked(refund, &rows)) {
        return Ok(None);
    }
    let rejected = refund_request::of_rejected(connection, &keys)?;
    for refund in refunds {
        let is_given_back = rejected.iter().any(|it| it.request_no == refund.request_no);
        if !is_given_back && trade::holders(connection, &refund.trade_no)?.is_empty() {
            return Ok(None);
        }
    }
    Ok(Some(SettledReason::InBooks))
}

/// Whether the gateway has answered about the order since.
fn asked_since(
    connection: &mut MysqlConnection,
    merchant: &str,
    order: &str,
    since: DateTime<Utc>,
) -> Result<Option<SettledReason>, StoreError> {
    let answered = notification::answered_since(connection, merchant, order, since)?;
    Ok(answered.then_some(SettledReason::InBooks))
}

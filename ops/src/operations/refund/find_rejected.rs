//! A payment that was rejected, found by its trade's number.

use order::RejectedPayment;
use store::{MysqlConnection, trade};
use worker::message::InboundMessage;

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dead_letter::NO_REASON;
use crate::operations::dead_queue::look_at_letters;
use crate::operations::rejected_payment::{Rejected, in_inbox, payment};

/// The payment, with why it was rejected.
pub(crate) struct RejectedFound {
    pub(crate) payment: RejectedPayment,
    pub(crate) reason: String,
}

/// Finds a rejected payment: in the inbox, else among the dead letters. An error says why there is none.
pub(crate) fn find(
    access: &Access,
    connection: &mut MysqlConnection,
    order: Option<&str>,
    trade_no: &str,
) -> Result<RejectedFound, Failure> {
    if let Some((_, owner)) = trade::orders_of(connection, &[trade_no])?.into_iter().next() {
        return Err(Failure::Refused(format!(
            "trade {trade_no} belongs to order {owner}: ops refund {owner} --trade-no {trade_no}"
        )));
    }
    let mut messages = in_inbox(connection, &access.config, trade_no)?;
    if messages.is_empty() {
        messages = of_letters(access, trade_no)?;
    }
    let first = messages.first().and_then(|it| Some((it.merchant.clone(), it.word()?.trade())));
    let first = first.map(|(merchant, trade)| (merchant, trade.out_trade_no.clone()));
    let Some((merchant, named)) = first else { return Err(unknown(order, trade_no)) };
    if let Some(order) = order.filter(|order| *order != named) {
        return Err(Failure::Refused(format!(
            "the payment {trade_no} names order {named}, not {order}: ops refund {named} --trade-no {trade_no}"
        )));
    }
    let payment = payment(connection, &merchant, &named, trade_no, &messages)?;
    let payment = payment.map_err(|mismatch| {
        Failure::Refused(format!(
            "payment {trade_no} cannot be given back from here: {mismatch}. Give it back on Alipay's page"
        ))
    })?;
    let reason = messages.into_iter().find_map(|message| message.reason);
    let reason = reason.unwrap_or_else(|| NO_REASON.to_owned());
    payment.map(|payment| RejectedFound { payment, reason }).ok_or_else(|| unknown(order, trade_no))
}

fn unknown(order: Option<&str>, trade_no: &str) -> Failure {
    let ask = order.map(|order| format!("; `ops query {order} --apply` asks Alipay"));
    let who = order.map_or_else(|| "an order".to_owned(), |order| format!("order {order}"));
    Failure::Refused(format!(
        "no trade {trade_no} paid {who}, as far as is known here, and no rejected message with a valid signature \
         tells of it{}",
        ask.unwrap_or_default()
    ))
}

/// The dead letters about this trade: messages that killed a worker have no row in the inbox.
fn of_letters(access: &Access, trade_no: &str) -> Result<Vec<Rejected>, Failure> {
    access.block_on(async {
        let mut found = Vec::new();
        look_at_letters(&access.broker()?, u32::MAX, |received| {
            let reason = received.headers.reason.clone();
            let read = InboundMessage::receive(&received, &access.config).ok();
            found.extend(read.and_then(|message| Rejected::of(message, reason, trade_no)));
        })
        .await?;
        Ok(found)
    })
}

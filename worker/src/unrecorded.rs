//! Dead letters that get no row in the inbox: of messages that cannot be read, and of those that kill the
//! worker that writes that row. Their orders are told of them all the same.

use alipay::{Form, order_in_biz_content};
use queue::{Envelope, Received};
use store::dead_letter::{self, NewLetter};
use store::{MysqlConnection, StoreError};

use crate::incoming::Incoming;
use crate::verdict::Never;

/// Bytes of an order's number at most.
pub(crate) const LONGEST_ORDER: usize = 64;

/// Writes down a letter that is about to be published, where it names an order.
pub(crate) fn write_down(
    connection: &mut MysqlConnection,
    message: &Received,
    never: &Never,
    incoming: Option<&Incoming>,
) -> Result<(), StoreError> {
    let Some(order) = named_order(message, incoming) else { return Ok(()) };
    let envelope = Envelope::read(&message.body).ok();
    let merchant = envelope.map(|envelope| envelope.merchant).unwrap_or_default();
    let letter = NewLetter {
        message_id: &message.message_id,
        merchant: &merchant,
        order_id: &order,
        reason: never.reason,
        error: &never.error,
    };
    dead_letter::write(connection, &letter)
}

/// The order that a message names, also where its merchant is not configured here.
pub(crate) fn named_order(message: &Received, incoming: Option<&Incoming>) -> Option<String> {
    let order = match incoming {
        Some(incoming) => incoming.order_id(),
        None => in_envelope(&message.body),
    };
    order.filter(|order| (1..=LONGEST_ORDER).contains(&order.len()))
}

fn in_envelope(body: &[u8]) -> Option<String> {
    let envelope = Envelope::read(body).ok()?;
    let form = Form::parse(envelope.form.as_bytes()).ok()?;
    let Some(number) = form.get("out_trade_no") else {
        return order_in_biz_content(&form, envelope.charset);
    };
    let order = envelope.charset.decode(number).ok()?;
    (!order.contains(char::is_control)).then_some(order)
}

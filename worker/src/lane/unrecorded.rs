//! Dead letters that get no row in the inbox: of messages that cannot be read, and of those that kill the
//! worker that writes that row. Their orders are told of them all the same.

use alipay::{Form, order_in_biz_content};
use queue::{Envelope, Received};
use store::dead_letter::{self, NewLetter};
use store::{MysqlConnection, StoreError};

use crate::message::{InboundMessage, Rejection};

/// Bytes of an order's number at most.
pub(super) const LONGEST_ORDER: usize = 64;

/// Writes down a letter that is about to be published, where it names an order.
pub(super) fn write_down(
    connection: &mut MysqlConnection,
    received: &Received,
    rejection: &Rejection,
    message: Option<&InboundMessage>,
) -> Result<(), StoreError> {
    let Some(order) = named_order(received, message) else { return Ok(()) };
    let envelope = Envelope::read(&received.body).ok();
    let merchant = envelope.map(|envelope| envelope.merchant).unwrap_or_default();
    let letter = NewLetter {
        message_id: &received.message_id,
        merchant: &merchant,
        order_id: &order,
        reason: rejection.reason,
        error: &rejection.error,
    };
    dead_letter::write(connection, &letter)
}

/// The order that a message names, also where its merchant is not configured here.
pub(super) fn named_order(received: &Received, message: Option<&InboundMessage>) -> Option<String> {
    let order = match message {
        Some(message) => message.order_id(),
        None => in_envelope(&received.body),
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

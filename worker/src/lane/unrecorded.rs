//! Dead letters without a row in the inbox: of messages that cannot be read, and of those that kill the worker that
//! writes the row. A row in `dead_letter` connects them with their orders.

use queue::{Envelope, ReceivedMessage};
use store::dead_letter::{self, NewDeadLetterRow};
use store::{MysqlConnection, StoreError};

use crate::message::{InboundMessage, Rejection, order_in_form};

/// Writes down a letter that is about to be published, where it names an order.
pub(super) fn write_down(
    connection: &mut MysqlConnection,
    received: &ReceivedMessage,
    rejection: &Rejection,
    message: Option<&InboundMessage>,
) -> Result<(), StoreError> {
    let Some(order) = named_order(received, message) else { return Ok(()) };
    let envelope = Envelope::read(&received.body).ok();
    let merchant = envelope.map(|envelope| envelope.merchant).unwrap_or_default();
    let letter = NewDeadLetterRow {
        message_id: &received.message_id,
        merchant: &merchant,
        order_id: &order,
        reason: rejection.reason,
        error: &rejection.error,
    };
    dead_letter::write(connection, &letter)
}

/// The order that a message names, also where its merchant is not configured here.
pub(super) fn named_order(
    received: &ReceivedMessage,
    message: Option<&InboundMessage>,
) -> Option<String> {
    match message {
        Some(message) => message.order_id(),
        None => in_envelope(&received.body),
    }
}

fn in_envelope(body: &[u8]) -> Option<String> {
    let envelope = Envelope::read(body).ok()?;
    order_in_form(&envelope.form, envelope.charset)
}

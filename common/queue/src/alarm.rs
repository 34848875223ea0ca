//! Whether the broker accepts messages: AMQP reports it only to a connection that publishes.

use tokio::time::timeout;

use crate::connection::BROKER_TIMEOUT;
use crate::topology::publish_probe;
use crate::{Connection, ConnectionError, ConnectionState};

/// A key of the default exchange, so the name of a queue, that is never declared.
const NO_QUEUE: &str = "alipay.probe.of.an.alarm.that.no.queue.takes";

/// Why the broker blocks connections that publish, such as `low on memory`; `None` if it accepts messages.
///
/// Publishes one message that is routed to no queue and comes back, so it stays nowhere. The broker reads what a connection
/// sends in turn and stops behind the first message while an alarm is in effect, so a channel that is opened after it
/// says that there is none. A connection that was found blocked is of no further use.
///
/// # Errors
/// The broker does not answer.
pub async fn blocked(connection: &Connection) -> Result<Option<String>, ConnectionError> {
    let channel = connection.create_channel().await?;
    let publish = publish_probe(&channel, "", NO_QUEUE, "1");
    connection.bounded("looking for an alarm", publish).await?;
    let has_reason = |state: &ConnectionState| matches!(state, ConnectionState::Blocked { reason } if !reason.is_empty());
    let state = tokio::select! {
        biased;
        state = connection.wait_for(has_reason) => state,
        opened = connection.create_channel() => match (opened, connection.state()) {
            (_, state @ ConnectionState::Blocked { .. }) => state,
            (Ok(opened), _) => {
                for channel in [channel, opened] {
                    // One that may not publish here was closed by the broker.
                    let _ = connection.close_channel(&channel).await;
                }
                return Ok(None);
            }
            (Err(error), _) => return Err(error),
        },
    };
    Ok(match state {
        ConnectionState::Blocked { reason } => Some(reason),
        ConnectionState::Open | ConnectionState::Lost { .. } => None,
    })
}

/// Drops a connection that is blocked: the broker would not read `connection.close`.
pub async fn leave(connection: &Connection) {
    if !connection.is_open() {
        connection.give_up("blocked");
        return;
    }
    let _ = timeout(BROKER_TIMEOUT, connection.close()).await;
}

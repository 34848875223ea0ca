//! How full a queue is, as AMQP tells it.

use lapin::Channel;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;

use crate::{Connection, ConnectionError};

/// A queue at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Messages that nobody holds.
    pub ready: u32,
    /// Consumers; of a quorum queue whoever holds a message counts as one.
    pub consumers: u32,
}

impl Depth {
    /// Looks at a queue, and changes nothing.
    ///
    /// # Errors
    /// It is not there, or may not be looked at: that ends the channel. The broker does not answer.
    pub async fn of(
        connection: &Connection,
        channel: &Channel,
        queue: &str,
    ) -> Result<Depth, ConnectionError> {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let look = channel.queue_declare(queue.into(), options, FieldTable::default());
        let found = connection.bounded("looking at a queue", look).await?;
        Ok(Depth { ready: found.message_count(), consumers: found.consumer_count() })
    }
}

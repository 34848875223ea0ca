//! How many messages and consumers a queue has, as AMQP reports it.

use lapin::Channel;
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;

use crate::{Connection, ConnectionError};

/// A queue at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Messages that are not delivered to a consumer.
    pub ready: u32,
    /// Consumers; a quorum queue counts every holder of an unacknowledged message as one.
    pub consumers: u32,
}

impl Depth {
    /// Declares the queue passively, which changes nothing.
    ///
    /// # Errors
    /// The queue does not exist, or the account may not see it: that ends the channel. The broker does not answer.
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

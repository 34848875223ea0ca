//! The content of a queue.

use lapin::options::BasicGetOptions;
use queue::topology::DEAD_QUEUE;
use queue::{Cluster, Connection, ConnectionSettings, ReceivedMessage};

use crate::world::World;

/// Takes everything out of a queue.
pub(crate) async fn drain(world: &World, queue: &str) -> Vec<ReceivedMessage> {
    let settings =
        ConnectionSettings::new(&Cluster::at(&world.sandbox.amqp_url).expect("a URL"), "test");
    let connection = Connection::open(&settings).await.expect("a connection");
    let channel = connection.create_channel().await.expect("a channel");
    let mut messages = Vec::new();
    let options = BasicGetOptions { no_ack: true };
    while let Some(message) = channel.basic_get(queue.into(), options).await.expect(queue) {
        messages.push(ReceivedMessage::new(message.delivery));
    }
    messages
}

/// The only dead letter.
pub(crate) async fn only_dead_letter(world: &World) -> ReceivedMessage {
    let mut letters = drain(world, DEAD_QUEUE).await;
    assert_eq!(letters.len(), 1, "{letters:?}");
    letters.remove(0)
}

//! What arrived in the broker.

use lapin::options::{BasicGetOptions, QueueDeleteOptions};
use lapin::{BasicProperties, Channel};
use queue::{Cluster, Connection, ConnectionSettings, Envelope, ReceivedMessage};

/// A look at the work queue over a connection of its own.
pub(crate) struct Broker {
    channel: Channel,
    /// Keeps the channel alive.
    _connection: Connection,
}

/// A message of the work queue.
pub(crate) struct Arrived {
    pub(crate) received: ReceivedMessage,
    pub(crate) envelope: Envelope,
    pub(crate) properties: BasicProperties,
}

impl Broker {
    pub(crate) async fn connect(url: &str) -> Broker {
        let connection =
            Connection::open(&ConnectionSettings::new(&Cluster::at(url).unwrap(), "test"))
                .await
                .unwrap();
        let channel = connection.create_channel().await.unwrap();
        Broker { channel, _connection: connection }
    }

    /// Takes everything out of the work queue. What was confirmed is there at once.
    pub(crate) async fn arrived(&self) -> Vec<Arrived> {
        let mut arrived = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) =
            self.channel.basic_get("alipay.notify.0".into(), options).await.unwrap()
        {
            let properties = message.delivery.properties.clone();
            let received = ReceivedMessage::new(message.delivery);
            let envelope = Envelope::read(&received.body).unwrap();
            arrived.push(Arrived { received, envelope, properties });
        }
        arrived
    }

    /// Deletes the work queue behind the ingress's back.
    pub(crate) async fn delete_work_queue(&self) {
        let name = "alipay.notify.0".into();
        self.channel.queue_delete(name, QueueDeleteOptions::default()).await.unwrap();
    }
}

//! Publishing of what an operator sends: confirmed by the broker, or an error.

use std::time::Duration;

use queue::{Cluster, Message, PublishError, Publisher, PublisherSettings};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// How long the broker may take to confirm, and to be there at all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Messages that may wait for the lane.
const CAPACITY: usize = 64;

/// Publishes messages on a connection of their own; `name` is what the broker's tools show.
pub(crate) async fn publish_once(
    cluster: &Cluster,
    name: &str,
    messages: Vec<Message>,
) -> Result<(), Failure> {
    let publisher = ConfirmedPublisher::open(cluster, name).await?;
    let published = publisher.publish_all(messages).await;
    publisher.close().await;
    Ok(published.into_iter().collect::<Result<(), _>>()?)
}

/// A publisher with one lane, ready.
pub(crate) struct ConfirmedPublisher {
    publisher: Publisher,
    cancel: CancellationToken,
    publishing: JoinHandle<()>,
}

impl ConfirmedPublisher {
    /// Connects; `name` is what the broker's tools show.
    pub(crate) async fn open(cluster: &Cluster, name: &str) -> Result<ConfirmedPublisher, Failure> {
        let cancel = CancellationToken::new();
        let (publisher, publishing) = Publisher::start(
            PublisherSettings {
                cluster: cluster.clone(),
                name: name.to_owned(),
                lanes: 1,
                lane_capacity: CAPACITY,
                bundle: 1,
                confirm_timeout: TIMEOUT,
            },
            cancel.clone(),
        );
        let confirmed = ConfirmedPublisher { publisher, cancel, publishing };
        if timeout(TIMEOUT, confirmed.publisher.ready()).await.is_err() {
            confirmed.close().await;
            return Err(Failure::BrokerAway("broker: no channel to publish on".to_owned()));
        }
        Ok(confirmed)
    }

    /// Publishes all and answers each, in the order given.
    pub(crate) async fn publish_all(
        &self,
        messages: Vec<Message>,
    ) -> Vec<Result<(), PublishError>> {
        self.publisher.publish_all(messages).await
    }

    /// Publishes one.
    pub(crate) async fn publish(&self, message: Message) -> Result<(), Failure> {
        Ok(self.publisher.publish(message).await?)
    }

    /// Ends the connection.
    pub(crate) async fn close(self) {
        self.cancel.cancel();
        // Its lanes end within the confirm timeout, and a panic of theirs was an error before.
        let _ = self.publishing.await;
    }
}

//! Publishing: from an envelope to the broker's confirm.

use std::time::{Duration, Instant};

use metrics::histogram;
use queue::topology::ShardCount;
use queue::{Envelope, Message, PublishError, Publisher};
use service::trace::KeyValue;
use service::{metric, trace};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Refusal;
use crate::counted::Counted;
use crate::topology::TopologyKeeper;

/// The broker as requests see it; shared by all of them.
pub(crate) struct Broker {
    publisher: Publisher,
    topology: TopologyKeeper,
    shards: ShardCount,
    permits: Semaphore,
}

/// The permit of one message to wait for the broker.
pub(crate) struct InFlight<'a> {
    _permit: SemaphorePermit<'a>,
    _counted: Counted,
}

impl Broker {
    /// So many messages may wait at one time.
    pub(crate) fn new(
        publisher: Publisher,
        topology: TopologyKeeper,
        shards: ShardCount,
        max_in_flight: usize,
    ) -> Broker {
        Broker { publisher, topology, shards, permits: Semaphore::new(max_in_flight) }
    }

    /// A permit, unless `ingress.max_in_flight` messages wait already.
    pub(crate) fn admit(&self) -> Result<InFlight<'_>, Refusal> {
        let permit = self.permits.try_acquire().map_err(|_| Refusal::Overloaded)?;
        Ok(InFlight { _permit: permit, _counted: Counted::new(metric::INGRESS_IN_FLIGHT) })
    }

    /// Publishes and waits for the confirm, but not longer than a client should wait for an answer. A message
    /// whose confirm comes too late is in the queue, and Alipay repeats the notification: for the worker both are the same message.
    pub(crate) async fn publish(
        &self,
        _permit: &InFlight<'_>,
        envelope: &Envelope,
        message_id: String,
        confirm_timeout: Duration,
    ) -> Result<(), Refusal> {
        tracing::debug!(merchant = envelope.merchant, kind = %envelope.kind, message_id, "publishing");
        let message = Message::notify(envelope, message_id, None, self.shards);
        let mut span = queue::span::publish(&message, trace::current());
        span.describe(|| {
            [
                KeyValue::new("alipay.merchant", envelope.merchant.clone()),
                KeyValue::new("alipay.kind", envelope.kind.as_str()),
            ]
        });
        let message = message.in_trace(span.context());
        let started = Instant::now();
        let answer = tokio::time::timeout(confirm_timeout, self.publisher.publish(message)).await;
        histogram!(metric::INGRESS_CONFIRM_SECONDS).record(started.elapsed());
        let published = match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                if matches!(error, PublishError::Returned { .. } | PublishError::Channel(_)) {
                    self.topology.look_again();
                }
                Err(error.into())
            }
            Err(_) => Err(Refusal::ConfirmTimeout),
        };
        if let Err(refusal) = &published {
            span.fail(refusal.reason());
        }
        published
    }
}

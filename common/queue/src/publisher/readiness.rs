//! Whether a publisher can publish.

use metrics::gauge;
use service::metric;
use tokio::sync::watch;

/// Counts the lanes that have a channel in confirm mode on a connection that is not blocked.
#[derive(Clone)]
pub(super) struct OpenLanes {
    /// How many of all.
    open: watch::Sender<usize>,
    lanes: usize,
}

impl OpenLanes {
    pub(super) fn new(lanes: usize) -> OpenLanes {
        let readiness = OpenLanes { open: watch::Sender::new(0), lanes };
        readiness.change(|_| {});
        readiness
    }

    pub(super) fn is_ready(&self) -> bool {
        *self.open.borrow() == self.lanes
    }

    pub(super) async fn ready(&self) {
        // Cannot fail: the sender is in `self`.
        let _ = self.open.subscribe().wait_for(|open| *open == self.lanes).await;
    }

    /// Counts one lane until the guard is dropped.
    pub(super) fn open_lane(&self) -> OpenLane<'_> {
        self.change(|open| *open += 1);
        OpenLane { readiness: self }
    }

    fn change(&self, change: impl FnOnce(&mut usize)) {
        self.open.send_modify(|open| {
            change(open);
            gauge!(metric::QUEUE_PUBLISHER_READY).set(if *open == self.lanes { 1.0 } else { 0.0 });
        });
    }
}

pub(super) struct OpenLane<'a> {
    readiness: &'a OpenLanes,
}

impl Drop for OpenLane<'_> {
    fn drop(&mut self) {
        self.readiness.change(|open| *open -= 1);
    }
}

//! What becomes of a message after a batch.

use crate::message::Rejection;

/// What becomes of a message. The kinds of failure are kept apart here. An outage is no outcome at all: the
/// batch is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Worked on and recorded: acknowledge.
    Done,
    /// The order is locked by somebody else: stays with the lane for its next batch.
    Locked,
    /// The broker does not take its retry or dead letter, since that queue is full: stays with the lane.
    Held,
    /// The order is not there yet: next retry tier, attempt + 1; after the last tier a dead letter.
    RetryLater,
    /// The database refuses it alone, and takes other writes: next retry tier, attempt + 1; after the
    /// last tier a dead letter.
    DatabaseRefuses(Rejection),
    /// A dead letter.
    Rejected(Rejection),
    /// The same message was rejected for the same reason before, and that letter still lies there: one is
    /// enough.
    RejectedBefore(Rejection),
}

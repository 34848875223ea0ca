//! What becomes of a message after a batch.

use std::fmt::Display;

use order::Mismatch;

/// Why a message can never be worked on: it goes to the dead letters at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Never {
    /// Stable word: `total_mismatch`, `unreadable_amount` and so on.
    pub reason: &'static str,
    /// The evidence, for a person.
    pub error: String,
}

impl Never {
    /// A reason with its evidence.
    pub fn new(reason: impl Into<&'static str>, error: impl Display) -> Never {
        Never { reason: reason.into(), error: bounded(error.to_string()) }
    }
}

/// Bytes of evidence that are kept: a message can hold values of any length, and evidence repeats some.
const LONGEST_EVIDENCE: usize = 4096;

fn bounded(mut evidence: String) -> String {
    let length = evidence.len();
    if length > LONGEST_EVIDENCE {
        evidence.truncate(evidence.floor_char_boundary(LONGEST_EVIDENCE));
        evidence.push_str(&format!("… (cut: {length} bytes)"));
    }
    evidence
}

impl From<Mismatch> for Never {
    fn from(mismatch: Mismatch) -> Never {
        Never::new(mismatch.reason(), mismatch)
    }
}

/// What becomes of a message. The kinds of failure are kept apart here: what is nobody's
/// fault is no verdict at all (the batch is tried again), *not yet* goes to the next retry tier,
/// *never* goes to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Worked on and recorded: acknowledge.
    Done,
    /// The order is locked by somebody else: stays with the lane for its next batch.
    Locked,
    /// The broker does not take its retry or dead letter, since that queue is full: stays with the lane.
    Held,
    /// The order is not there yet: next retry tier, attempt + 1; after the last tier a dead letter.
    NotYet,
    /// The database refuses it alone, and takes other writes: next retry tier, attempt + 1; after the
    /// last tier a dead letter.
    Refused(Never),
    /// A dead letter.
    Never(Never),
    /// The same message was rejected for the same reason before, and that letter still lies there: one is
    /// enough.
    LiesAlready(Never),
}

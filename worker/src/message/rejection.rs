//! Why a message is a dead letter.

use std::fmt::Display;

use order::Mismatch;

/// Why a message can never be processed: it becomes a dead letter at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Stable word: `total_mismatch`, `unreadable_amount` and so on.
    pub reason: &'static str,
    /// The evidence, for a person.
    pub error: String,
}

impl Rejection {
    /// A reason with its evidence.
    pub fn new(reason: impl Into<&'static str>, error: impl Display) -> Rejection {
        Rejection { reason: reason.into(), error: bounded(error.to_string()) }
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

impl From<Mismatch> for Rejection {
    fn from(mismatch: Mismatch) -> Rejection {
        Rejection::new(mismatch.reason(), mismatch)
    }
}

//! Why a message is a dead letter.

use std::fmt::Display;

use order::Mismatch;
use store::explanation;

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
        Rejection { reason: reason.into(), error: explanation(&error.to_string()).into_owned() }
    }
}

impl From<Mismatch> for Rejection {
    fn from(mismatch: Mismatch) -> Rejection {
        Rejection::new(mismatch.reason(), mismatch)
    }
}

//! What the gateway does wrong, for tests of those who ask it.

use std::time::Duration;

use rand::RngExt;

/// Faults of the gateway's answers. Those of notifications are another matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GatewayFaults {
    /// Every answer takes this long.
    pub delay: Duration,
    /// So many of a hundred requests are answered 503.
    pub fail_percent: u8,
    /// Every signature of an answer has one character that is wrong.
    pub wrong_signature: bool,
}

impl GatewayFaults {
    /// Draws whether this request fails.
    pub(super) fn fails(&self) -> bool {
        rand::rng().random_range(0..100) < self.fail_percent
    }

    /// The signature as it is sent.
    pub(super) fn spoiled(&self, signature: String) -> String {
        if !self.wrong_signature {
            return signature;
        }
        let other = if signature.starts_with('a') { "b" } else { "a" };
        let rest: String = signature.chars().skip(1).collect();
        format!("{other}{rest}")
    }
}

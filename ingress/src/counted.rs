//! Counting what is under way.

use metrics::gauge;

/// Counts one up in a gauge for as long as it lives. The handler of a request can be dropped at any
/// await, when the client hangs up: only `Drop` is sure to run.
#[derive(Debug)]
pub(crate) struct Counted(&'static str);

impl Counted {
    /// One more in the gauge of this name.
    pub(crate) fn new(gauge: &'static str) -> Counted {
        gauge!(gauge).increment(1);
        Counted(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!(self.0).decrement(1);
    }
}

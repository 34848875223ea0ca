//! Asks the gateway about all orders of a span and compares.

pub(crate) mod report;
pub(crate) mod run;

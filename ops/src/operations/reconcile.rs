//! Asks the gateway about all orders of a span and compares.

pub(crate) mod page;
pub(crate) mod run;

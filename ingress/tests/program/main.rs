//! The real binary against a real broker. Run through `make test`, which starts one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

mod broker;
mod client;
mod notification;
mod proxy;
mod running;

mod broker_down;
mod certificates;
mod crowds;
mod explanations;
mod limits;
mod notify_verify;
mod real_broker;
mod refusals;
mod reload;
mod return_page;
mod shutdown;
mod start;
mod success;
mod traces;

//! What the configuration accepts, where each value comes from, and that every mistake is named.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod amqp;
mod certificates;
mod console;
mod database;
mod files;
mod keys;
mod merchants;
mod mistakes;
mod notify;
mod reload;
mod retired_keys;
mod sources;
mod support;

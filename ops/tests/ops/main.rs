//! The `ops` program against real servers: what it prints, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod audit;
mod certs;
mod database_tls;
mod dead_cohorts;
mod dead_letters;
mod gateway_at_hand;
mod order_import;
mod orders;
mod program;
mod reconcile;
mod remedies;
mod reviews;
mod shop;
mod story;
mod verify;
mod worker_at_hand;

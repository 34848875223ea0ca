//! The `ops` program against real servers: what it prints, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod actions;
mod amend;
mod at_terminal;
mod audit;
mod certs;
mod check;
mod config_show;
mod database_tls;
mod dead_cohorts;
mod dead_letters;
mod dead_many;
mod dead_ramp;
mod dead_rows;
mod finds;
mod gateway_at_hand;
mod json;
mod merchants;
mod notify;
mod odds;
mod order_import;
mod orders;
mod poison_letters;
mod products;
mod program;
mod prune;
mod reconcile;
mod remedies;
mod reviews;
mod settled;
mod shop;
#[path = "../snapshots/compare.rs"]
mod snapshot;
mod stock;
mod story;
mod terminal;
mod undelivered;
mod unnamed_configuration;
mod verify;
mod waiting;
mod worker_at_hand;

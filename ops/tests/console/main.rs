//! `ops console` as a program: requests of a browser, and requests of strangers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod away;
mod base_path;
mod browser;
mod charts;
mod languages;
mod letters;
mod login;
mod oidc;
mod orders;
mod pages;
#[path = "../ops/program.rs"]
#[allow(dead_code, reason = "shared with the tests of the other verbs")]
mod program;
mod recorded;
#[path = "../snapshots/compare.rs"]
mod snapshot;
mod stock;
mod strangers;
mod subscriptions;
mod users;
mod verify;
mod waits;
mod world;

//! `ops status` with real servers and real faults: it names the cause.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod broker;
mod clocks;
mod database;
mod ingress;
#[path = "../ops/program.rs"]
#[allow(dead_code, reason = "shared with the tests of the other verbs")]
mod program;
mod screen;
mod shop;
mod work;

//! The `ops` program against real servers: what it prints, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod audit;
mod dead_letters;
mod orders;
mod program;
mod shop;
mod story;
mod verify;
mod worker_at_hand;

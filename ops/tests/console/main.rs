//! `ops console` as a program: a browser's requests, and those that no browser of ours sends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod away;
mod browser;
mod languages;
mod letters;
mod pages;
mod recorded;
#[path = "../snapshot.rs"]
mod snapshot;
mod strangers;
mod world;

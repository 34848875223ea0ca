//! `ops console` as a program: a browser's requests, and those that no browser of ours sends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod away;
mod browser;
mod languages;
mod letters;
mod pages;
#[path = "../ops/program.rs"]
#[allow(dead_code, reason = "shared with the tests of the other verbs")]
mod program;
mod strangers;
mod world;

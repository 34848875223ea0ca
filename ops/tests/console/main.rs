//! `ops console` as a program: requests of a browser, and requests of strangers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod away;
mod browser;
mod languages;
mod letters;
mod pages;
mod strangers;
mod world;

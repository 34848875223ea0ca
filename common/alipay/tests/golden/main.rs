//! The crate against messages and signatures that others made: see `tests/fixtures/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod bodies;
mod fixture;
mod keys;
mod notification;
mod vectors;
mod verifier;

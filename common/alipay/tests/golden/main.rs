//! The crate against messages and signatures that others made: see `tests/fixtures/README.md`.

mod bodies;
mod fixture;
mod keys;
mod notification;
mod vectors;
mod verifier;

//! The crate against messages and signatures that others made: see `tests/fixtures/README.md`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod answer_json;
mod answer_other;
mod answer_xml;
mod bodies;
mod certificate_answer;
mod certificate_paths;
mod certificates;
mod fixture;
mod keys;
mod message_service;
mod notification;
mod payments;
mod requests;
mod vectors;
mod verifier;
mod verifier_certificates;
mod verifier_retired;

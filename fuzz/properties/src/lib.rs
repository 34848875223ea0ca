//! What must hold for every input of what strangers send: forms, answers, envelopes, keys and signatures.
//!
//! One module a subject, each with `holds(data)`, which panics where something does not hold. Inputs
//! come from cargo-fuzz (`make fuzz`), and on stable from this crate's test, which takes the
//! [`seeds`] and damages them. The first bytes of an input choose variants; the rest is text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a property that does not hold is told by panicking, as cargo-fuzz expects it"
)]

pub mod amounts;
pub mod answer_json;
pub mod answer_xml;
pub mod canonical;
pub mod certificate;
pub mod differential;
pub mod envelope;
pub mod form;
mod input;
pub mod notification;
pub mod result_details;
pub mod seeds;

/// A target: its name, the property, and inputs to begin with.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the fuzz target.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub holds: fn(&[u8]),
    /// Inputs made of the fixtures.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// All targets.
pub const TARGETS: [Target; 10] = [
    Target { name: "form", holds: form::holds, seeds: seeds::forms },
    Target { name: "canonical", holds: canonical::holds, seeds: seeds::canonical },
    Target { name: "result_details", holds: result_details::holds, seeds: seeds::result_details },
    Target { name: "amounts", holds: amounts::holds, seeds: seeds::amounts },
    Target { name: "envelope", holds: envelope::holds, seeds: seeds::envelopes },
    Target { name: "answer_json", holds: answer_json::holds, seeds: seeds::answers_json },
    Target { name: "answer_xml", holds: answer_xml::holds, seeds: seeds::answers_xml },
    Target { name: "notification", holds: notification::holds, seeds: seeds::notifications },
    Target { name: "certificate", holds: certificate::holds, seeds: seeds::certificates },
    Target { name: "differential", holds: differential::holds, seeds: seeds::signatures },
];

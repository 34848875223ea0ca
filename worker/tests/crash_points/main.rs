//! Programs that die at each crash point (`service::crash_point`), one after the other.
//!
//! Every point is named in `service::crash_point::ALL`; a point that is added there is tested here
//! without another line. After each crash a new program takes over, and the result must be right.

#![cfg(debug_assertions)]
#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod broker;
mod bundle;
mod dying;
mod ingress;
mod load;
mod names;
mod poison_message;
mod worker;
#[path = "../pipeline/world.rs"]
#[allow(dead_code, reason = "shared with the pipeline's tests")]
mod world;

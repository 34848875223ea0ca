//! The worker with everything around it: real ingress, real broker, real database.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod bad_input;
mod crashes;
mod goods;
mod locks;
#[allow(dead_code, reason = "shared with other tests")]
mod world;

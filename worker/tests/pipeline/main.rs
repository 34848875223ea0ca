//! The worker with everything around it: real ingress, real broker, real database.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod bad_input;
mod crashes;
mod goods;
mod locks;
mod world;

//! The worker with everything around it: real ingress, real broker, real database.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod bad_input;
#[path = "../crash_points/broker.rs"]
mod broker;
mod bundles;
mod command_line;
mod crashes;
mod exports;
mod goods;
mod imported;
mod large_batch;
mod locks;
mod low_stock;
mod messages;
mod pauses;
mod readings;
mod refund_requests;
mod replays;
mod retention;
#[allow(dead_code, reason = "shared with other tests")]
mod secrets;
mod stock_turn;
mod subscriptions;
mod time_limits;
mod traces;
mod world;

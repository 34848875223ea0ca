//! The query sweeper against the simulator's gateway: lost notifications are recovered, and whatever the
//! gateway does, nothing is delivered without a payment and no query repeats for ever.

#![allow(clippy::expect_used, clippy::panic, reason = "a test")]

mod alipay_side;
mod answers;
mod clock;
mod confirm;
mod crashes;
mod decisions;
mod distrust;
mod expiry;
mod healing;
mod late;
mod not_at_alipay;
mod refunds;
mod reload;
mod requests;
mod traces;
mod troubles;
mod upgrade;
#[path = "../pipeline/world.rs"]
#[allow(dead_code, reason = "shared with the pipeline's tests")]
mod world;

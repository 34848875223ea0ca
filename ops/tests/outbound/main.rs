//! What `ops` requests from Alipay: pay links, refunds, closes, against `simulator serve`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

mod certificates;
mod close;
mod late_money;
mod lost_answer;
mod pay_limit;
mod pay_link;
#[path = "../ops/program.rs"]
#[allow(dead_code, reason = "shared with the other tests of ops")]
mod program;
mod refund;
mod refund_password;
mod refund_rejected;
mod refund_twice;
mod world;

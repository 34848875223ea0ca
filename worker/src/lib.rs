//! Consumes notifications and turns them into order states and goods.
//!
//! ```text
//! alipay.notify.0 ──▶ lane (one channel, one consumer, one batch in flight)
//!                      │ read each message                    incoming
//!                      │ one transaction: lock, fold, decide, batch → page, goods, review_cases,
//!                      │   write; retries and dead letters             late_money, inbox
//!                      │   confirmed; commit
//!                      ▼ acknowledge                          settle
//! outbox ──▶ alipay.events                                    outbox_relay
//! stock that arrives ──▶ orders that wait for it              restock
//! stock that runs low ──▶ outbox                              stock_watch
//! copies that do not come back from a tier ──▶ alarm          retry_copies
//! silent and expired orders ──▶ gateway ──▶ alipay.notify.0   queries
//! late money ──▶ gateway ──▶ alipay.notify.0                  refunds
//! decisions and expiries whose message was lost              open_rows
//! orders of merchants that nobody serves ──▶ alarm            merchant_watch
//! that it lives, what it holds, what its clock says ──▶ row   heartbeat
//! ```
//!
//! What Alipay's gateway answers, to a question or to a refund, comes back through the queue as a
//! message, is verified again as of the time when it was asked for, and adds facts like a notification.
//! The last nine of these parts are sweepers: see `sweeper`.
//!
//! Kinds of failure are kept apart. *Infrastructure* (database or broker gone, deadlock) is
//! nobody's fault: the batch is tried again in place, no attempt is counted, and the lane takes
//! nothing new meanwhile. *Not yet* (the order is not there) goes through the retry tiers. *Never*
//! (unreadable, does not agree with the order) is a dead letter at once, with its evidence. What the
//! database refuses of one message alone, while it takes other writes, goes through the retry tiers
//! too. A statement that the server refuses whatever the data ends the consuming until it is taken.
//!
//! Any number of workers run side by side: an order that somebody else has locked is left for the
//! lane's next batch, and running a batch twice changes nothing.

pub mod batch;
mod clocks;
mod consumer;
mod contradiction;
mod database_call;
mod dead_queue;
mod given_back;
mod goods;
mod health;
mod heartbeat;
mod in_hand;
mod inbox;
pub mod incoming;
mod late_money;
mod merchant_watch;
mod open_rows;
mod outbox_relay;
mod page;
mod processing;
mod publisher_check;
mod queries;
mod refunds;
mod restock;
pub mod retry_copies;
mod review_cases;
mod run;
mod settle;
mod stock_watch;
mod suspects;
mod sweeper;
mod trouble;
mod unrecorded;
pub mod verdict;

pub use refunds::refund_answer;
pub use run::{RunError, database_settings, run};

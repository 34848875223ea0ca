//! Consumes notifications and turns them into order states and goods.
//!
//! ```text
//! alipay.notify.0, … ──▶ lane (one channel, a consumer each, one batch in flight)   lane
//!                      │ read each message: verify, parse                         message
//!                      │ one transaction: lock, load, decide, write;              batch
//!                      │   retries and dead letters confirmed; commit
//!                      ▼ acknowledge                                              lane/acknowledge
//! which work queues there are                                                       shards
//!                                                                                 sweepers/
//! outbox ──▶ alipay.events                                                          outbox_relay
//! stock that arrives ──▶ orders that wait for it                                    restock
//! stock that runs low ──▶ outbox                                                    stock_watch
//! messages whose pause is over ──▶ alipay.notify.0                                  pauses
//! copies that do not come back from a retry tier ──▶ alarm                          retry_watch
//! silent and expired orders ──▶ gateway ──▶ alipay.notify.0                         queries
//! late money ──▶ gateway ──▶ alipay.notify.0                                        refunds
//! decisions and expiries whose message was lost                                     open_rows
//! orders of merchants that are not configured ──▶ alarm                             merchant_watch
//! clock, load and state of this worker ──▶ row                                      heartbeat
//! ```
//!
//! What Alipay's gateway answers, to a query or to a refund, comes back through the queue as a
//! message, is verified again as of the time when it was asked for, and adds facts like a notification.
//!
//! Kinds of failure are kept apart. *Infrastructure* (database or broker gone, deadlock): the batch is tried
//! again in place, no attempt is counted, and the lane takes nothing new meanwhile. *The order is not there
//! yet*: the message goes through the retry tiers. *Rejected* (unreadable, does not agree with the order): a
//! dead letter at once, with its evidence. *Refused by the database*, one message alone, while it takes other
//! writes: the message goes through the retry tiers too. *A statement that the server refuses whatever the
//! data*: the lane stops consuming until the statement is taken.
//!
//! Any number of workers run side by side: an order that another transaction has locked is left for the
//! lane's next batch, and running a batch twice changes nothing.

pub mod batch;
mod clocks;
mod context;
pub mod dead_letter;
mod failure_log;
mod gateway_messages;
mod health;
mod lane;
pub mod message;
mod pauses;
mod refund_state;
mod run;
mod shards;
mod sweepers;

pub use clocks::CLOCK_TOLERANCE;
pub use gateway_messages::{QueryAnswerMessage, refund_messages};
pub use refund_state::refund_state;
pub use run::{RunError, database_settings, run};
pub use sweepers::UNCONFIRMED_AFTER;

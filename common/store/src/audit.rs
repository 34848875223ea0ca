//! The read side of `ops audit`: the whole database in ranges of order numbers.
//!
//! The check over all orders reads each table once, by its primary key or by the index on the order, in
//! [`Span`]s of some thousand orders, so that memory does not grow with the shop. Everything is read in
//! one [`crate::report::snapshot`]: workers go on, and the picture is of one moment. What is right is not
//! decided here: rows are handed to the pure crate `order`, which the worker uses too.

mod code;
mod notification;
mod order;
mod outbox;
mod refund;
mod review;
mod span;
mod trade;

pub use code::{CodeRow, codes};
pub use notification::{LostNotification, last_notification, lost_notifications};
pub use order::{OrderRow, count, now, orders};
pub use outbox::{Unpublished, unpublished};
pub use refund::refunds;
pub use review::{CaseRow, cases};
pub use span::Span;
pub use trade::{SharedTrade, shared_trades, trades};

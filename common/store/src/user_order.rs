//! Table `user_order`: what the shop wrote, and what follows from the order's trades.

mod audit;
pub mod import;
mod report;
mod search;
mod span;
mod terms;
mod undelivered;
mod unknown_merchant;
mod write;

pub use audit::{AuditedOrder, count, in_range};
pub use report::{OrderFilter, OrderRow, find};
pub use search::{OrderSearch, search};
pub use span::{OrderSpan, SpanOrder, count_in_span, in_span};
pub use undelivered::{UndeliveredRow, count_undelivered, undelivered};
pub use unknown_merchant::{MerchantOrders, unknown_merchants};
pub use write::{
    LockedOrder, NamedAccount, NewOrder, OrderColumns, existing, insert, lock, name_account, update,
};

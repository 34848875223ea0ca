//! Table `trade`: what Alipay has told us, one row per order and trade.

mod audit;
mod row;
mod write;

pub use audit::{SharedTrade, in_range, shared};
pub use write::{TradeKey, holders, insert_missing, of_orders, orders_of, update};

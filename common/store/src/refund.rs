//! Table `refund`: kept by merchant and trade number, with or without an order.

mod audit;
mod report;
mod row;
mod write;

pub use audit::in_range;
pub use report::{RefundLine, of_order, of_trade};
pub use write::{MerchantTrade, of_trades, upsert};

//! Tables `stock_item`, `stock_withdrawal`, `stock_resale` and `low_stock_notice`: codes of stock products.

pub(crate) mod cursor;
mod item;
pub mod notice;
mod report;
pub mod resale;
pub mod withdrawal;

pub use item::{
    Elsewhere, GivenCode, MAX_CODE, available, elsewhere, existing, give, import, lock_import,
    pick, take_back,
};
pub use report::{AuditedCode, LowStock, StockCode, StockLevel, in_range, levels, low, of_order};

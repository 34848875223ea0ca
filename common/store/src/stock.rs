//! Tables `stock_item`, `stock_withdrawal`, `stock_resale` and `low_stock_notice`: codes of stock products.

pub(crate) mod cursor;
mod item;
pub mod notice;
mod place;
mod report;
pub mod resale;
pub mod withdrawal;

pub use item::{
    Elsewhere, GivenCode, MAX_CODE, available, elsewhere, existing, give, import, lock_import,
    pick, take_back,
};
pub use place::{CodePlace, places};
pub use report::{AuditedCode, LowStock, StockCode, StockLevel, in_range, levels, low, of_order};

/// Available codes of a product are counted up to this many, where a person reads the number.
pub const COUNTED: i64 = 100_000;

/// Whether so many available codes are a low stock, by the product's threshold.
fn is_low(available: i64, threshold: i32) -> bool {
    available <= i64::from(threshold)
}

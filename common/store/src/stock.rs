//! Tables `stock_item`, `stock_withdrawal`, `stock_resale` and `low_stock_notice`: codes of stock products.

mod audit;
mod import_lock;
mod item;
mod level;
mod low;
pub mod notice;
mod order_codes;
pub mod resale;
pub mod withdrawal;

pub use audit::{AuditedCode, in_range};
pub use import_lock::lock_import;
pub use item::{
    Elsewhere, Given, MAX_CODE, available, elsewhere, existing, give, import, pick, take_back,
};
pub use level::{StockLevel, levels};
pub use low::{LowStock, low};
pub use order_codes::{Code, of_order};

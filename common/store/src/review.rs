//! Table `review`: what a person must look at.

mod audit;
mod report;
mod write;

pub use audit::{AuditedCase, in_range};
pub use report::{ReviewFilter, ReviewRow, find, list, of_order};
pub use write::{Case, Change, Decided, by_ids, decide, of_orders, upsert};

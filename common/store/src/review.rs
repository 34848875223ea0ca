//! Table `review`: what a person must look at.

mod report;
mod write;

pub use report::{AuditedCase, ReviewFilter, ReviewRow, find, in_range, list, of_order};
pub use write::{Case, Decided, ReviewChange, by_ids, decide, of_orders, upsert};

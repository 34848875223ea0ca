//! Table `outbox`: events for the shop, published after the commit.

mod audit;
mod report;
mod write;

pub use audit::{Unpublished, unpublished};
pub use report::{OrderEvent, of_order};
pub use write::{
    About, LOW_STOCK, NewEvent, Waiting, insert, insert_low_stock, lock_unpublished, mark_published,
};

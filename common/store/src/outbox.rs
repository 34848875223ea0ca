//! Table `outbox`: events for the shop, published after the commit.

mod report;
mod write;

pub use report::{OrderEvent, Unpublished, of_order, unpublished};
pub use write::{
    About, LOW_STOCK, NewEvent, WaitingEvent, insert, insert_low_stock, lock_unpublished,
    mark_published,
};

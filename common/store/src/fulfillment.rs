//! Table `fulfillment`: what was done with the goods of an order.

mod report;
mod write;

pub use report::{Fulfillment, of_order};
pub use write::{
    Goods, GoodsChange, PausedGoods, accounts_named, awaited_products, awaited_units,
    awaiting_stock, kept_products, of_orders, stock_queue, upsert,
};

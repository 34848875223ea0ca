//! The read side for people: what an operator sees of orders, goods, reviews and queues of work.
//!
//! The other modules of this crate are one file per table and serve the worker. Here several tables
//! are read to answer one question, nothing is locked and nothing is written. Rows serialise as an
//! operator's script reads them: column names as keys, amounts in fen, times as [`BeijingTime`].
//!
//! An order that is shown must be one picture, not a mix of before and after a batch that commits
//! meanwhile: read everything inside one [`snapshot`].

mod asked;
mod beijing_time;
mod counts;
mod event;
mod goods;
mod inbox;
mod low_stock;
mod order;
mod pulse;
mod refund;
mod refund_request;
mod rejected;
mod review;
mod review_case;
mod search;
mod span;
mod stock;
mod story;
mod unknown_merchant;

use diesel::Connection as _;
use diesel::connection::SimpleConnection;

use crate::{MysqlConnection, StoreError};

pub use asked::{AskedCounts, AskedRow, asked_about, asked_counts};
pub use beijing_time::BeijingTime;
pub use counts::{Counts, StatusCount, Waiting, counts};
pub use event::{OrderEvent, events_of};
pub use goods::{Code, Entitlement, Fulfillment, codes_of, entitlement_of, fulfillment_of};
pub use inbox::{InboxLine, InboxState, inbox_line, inbox_states};
pub use low_stock::{LowStock, low_stock, set_low_stock};
pub use order::{Order, OrderFilter, order, orders};
pub use pulse::{Pulse, pulse};
pub use refund::{RefundLine, refunds_of, refunds_of_trade};
pub use refund_request::{
    RefundRequestFilter, RefundRequestLine, equal_refund_requests, refund_requests,
};
pub use rejected::{RejectedLine, answered_since, rejected_of_trade, trade_holders};
pub use review::{ReviewFilter, ReviewRow, reviews, reviews_of};
pub use review_case::review;
pub use search::{OrderSearch, search_orders};
pub use span::{OrderSpan, SpanOrder, count_in_span, orders_in_span};
pub use stock::{StockLevel, stock_levels};
pub use story::{StoryLine, story_of};
pub use unknown_merchant::{MerchantOrders, unknown_merchants};

/// Runs `read` in one read-only transaction of which every statement sees the same moment.
///
/// # Errors
/// What `read` returns, and what the database says to the transaction itself.
pub fn snapshot<T, E: From<StoreError> + From<diesel::result::Error>>(
    connection: &mut MysqlConnection,
    read: impl FnOnce(&mut MysqlConnection) -> Result<T, E>,
) -> Result<T, E> {
    // Holds for the next transaction only.
    connection.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
    connection.transaction(read)
}

//! MySQL: one file per table, batch statements, migrations.
//!
//! The worker reads and writes whole batches: each function here is one statement for any number of
//! rows ([`json_rows`](crate) explains how), so a batch costs a handful of round trips. The caller
//! owns the transaction. Locking order, the same everywhere: refund rows of a batch refund, then
//! trades by number, then orders (sorted, `SKIP LOCKED`), then everything that hangs on an order.
//!
//! * Keys compare by byte (`VARBINARY`), amounts are fen in `BIGINT`, times are UTC.
//! * The SQL is the common subset of MariaDB 10.6+ and MySQL 8; tests run it on MariaDB.
//! * [`gateway_query`] and [`refund_request`] hold what is still to be asked of Alipay, unpaid orders
//!   past `user_order.expires_at` and late money among it. Workers claim rows under a lease.
//! * [`report`] is the read side for people; everything else serves the worker.
//! * [`StoreError::fault`] says whether trying again can help.

mod bulk;
mod connection;
mod error;
mod error_number;
mod json_rows;

pub mod audit;
pub mod clock;
pub mod dead_letter;
pub mod dead_letter_audit;
pub mod decision;
pub mod entitlement;
pub mod fulfillment;
pub mod gateway_answer;
pub mod gateway_query;
pub mod low_stock_notice;
pub mod migrate;
pub mod notification;
pub mod order_expired;
pub mod order_import;
pub mod outbox;
pub mod product;
pub mod redelivery;
pub mod refund;
pub mod refund_request;
pub mod report;
pub mod retry_copy;
pub mod review;
pub mod rights;
pub mod stock_import;
pub mod stock_item;
pub mod stock_resale;
pub mod stock_withdrawal;
pub mod trade;
pub mod user_order;
pub mod worker_heartbeat;
pub mod write_access;

pub use connection::{
    ConnectError, Connection, DatabaseSettings, Manager, MysqlConnection, Pool, Tls, UrlError,
    connect_once,
};
pub use error::{Fault, StoreError};

//! MySQL: rows by table, batch statements, migrations.
//!
//! `schema.rs` has the tables, `column.rs` the types of their columns, and a row struct names its table. What diesel's DSL
//! cannot express is in `.sql` files, and each says why.
//!
//! The worker reads and writes whole batches: each function here is one statement for any number of
//! rows (`json_rows.rs` and `bulk.rs` explain how), so a batch costs a handful of round trips. The caller
//! owns the transaction. Locking order, the same everywhere: refund rows of a batch refund, then
//! trades by number, then orders (sorted, `SKIP LOCKED`), then the other rows of the orders.
//!
//! * Keys compare by byte (`VARBINARY`), amounts are fen in `BIGINT`, times are UTC.
//! * The SQL is the common subset of MariaDB 10.6+ and MySQL 8; tests run it on MariaDB.
//! * [`gateway_query`] and [`refund_request`] hold what is still to be asked of Alipay, unpaid orders
//!   past `user_order.expires_at` and late money among it. Workers claim rows under a lease.
//! * One folder per aggregate: `write.rs` serves the worker, `report.rs` people, `audit.rs` (or `report.rs`) the check over
//!   all orders, a range of order numbers at a time ([`IdRange`]). Rows for people serialise as an operator's
//!   script reads them: column names as keys, amounts in fen, times as [`BeijingTime`].
//! * An order that is shown must be consistent: read everything inside one [`snapshot`].
//! * A function that returns a [`StoreError`] returns what the database says; where there is more to it, it says so.
//!   [`StoreError::kind`] says whether trying again can help.

mod beijing_time;
mod bulk;
mod column;
mod connection;
mod error;
mod error_number;
mod id_range;
mod json_rows;
mod named_lock;
mod party_columns;
mod schema;
mod snapshot;
mod typed_sql;

pub mod activity;
pub mod alarm;
pub mod amendment;
pub mod clock;
pub mod counts;
pub mod dead_letter;
pub mod decision;
pub mod entitlement;
pub mod fulfillment;
pub mod gateway_answer;
pub mod gateway_query;
pub mod migrate;
pub mod notification;
pub mod operator_action;
pub mod order_expired;
pub mod outbox;
pub mod pause;
pub mod paused_message;
pub mod product;
pub mod prune;
pub mod redelivery;
pub mod refund;
pub mod refund_request;
pub mod retry_copy;
pub mod review;
pub mod rights;
pub mod stock;
pub mod throughput;
pub mod trade;
pub mod user_order;
pub mod worker_heartbeat;
pub mod write_access;

pub use beijing_time::BeijingTime;
pub use connection::{
    ConnectError, ConnectProblem, Connection, DatabaseSettings, Manager, MysqlConnection, Pool,
    Tls, UrlError, connect_once,
};
pub use error::{ErrorKind, Result, StoreError};
pub use id_range::IdRange;
pub use json_rows::explanation;
pub use party_columns::PartyRow;
pub use snapshot::snapshot;

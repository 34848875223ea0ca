//! The shop's side of the database: it writes seven columns of `user_order`, and reads.

use anyhow::Context;
use diesel::prelude::*;
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SmallInt, Text};
use diesel_async::AsyncMysqlConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;

/// How long the start waits for the database.
const CONNECT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// diesel over a driver in Rust: no C library is needed to build the shop.
type MysqlConnection = AsyncConnectionWrapper<AsyncMysqlConnection>;

/// Orders of one product at one merchant.
#[derive(Clone)]
pub(crate) struct Orders {
    pool: Pool<ConnectionManager<MysqlConnection>>,
    merchant: String,
    product: String,
    /// Minutes.
    pay_within: u16,
}

/// What is sold.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct Product {
    #[diesel(sql_type = Text)]
    pub(crate) name: String,
    /// Fen.
    #[diesel(sql_type = BigInt)]
    pub(crate) price: i64,
}

/// An order as its buyer may see it.
#[derive(Debug, Clone, QueryableByName)]
pub(crate) struct Order {
    #[diesel(sql_type = Text)]
    pub(crate) subject: String,
    /// Fen.
    #[diesel(sql_type = BigInt)]
    pub(crate) total_fee: i64,
    /// 0 placed, 8 paid, 4 finished, 32 closed, 105 refunded, 106 refund closed.
    #[diesel(sql_type = SmallInt)]
    pub(crate) status: i16,
    /// Alipay has the money and does not give it to the seller yet (`TRADE_PENDING`).
    #[diesel(sql_type = Bool)]
    pub(crate) is_held: bool,
    /// Something was paid, whatever came after.
    #[diesel(sql_type = Bool)]
    pub(crate) was_paid: bool,
    /// The state of `fulfillment`: `delivered`, `awaiting_stock` and so on; empty before payment.
    #[diesel(sql_type = Text)]
    pub(crate) goods: String,
    /// Whole minutes until the order's time is over, below zero afterwards. `None` when it never is.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(crate) minutes_left: Option<i64>,
}

/// What the buyer is told: docs/integration.md has the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing is paid that we know of.
    ToPay,
    /// Nor can it be paid any more.
    Expired,
    /// Where the money is, Alipay or a person has to say.
    Checking,
    /// The goods are the buyer's.
    Delivered,
    /// Paid, and there are too few codes.
    AwaitingStock,
    /// Paid, and the goods follow in another way.
    Paid,
    Closed,
    Refunded,
}

impl Order {
    pub(crate) fn state(&self) -> State {
        match (self.status, self.goods.as_str()) {
            (8 | 4 | 106, "delivered") => State::Delivered,
            (8 | 4 | 106, "awaiting_stock") => State::AwaitingStock,
            (8 | 4 | 106, _) => State::Paid,
            (105, _) => State::Refunded,
            (32, _) if self.was_paid => State::Checking,
            (32, _) => State::Closed,
            _ if self.is_held => State::Checking,
            _ if self.minutes_left.is_some_and(|minutes| minutes < 1) => State::Expired,
            _ => State::ToPay,
        }
    }
}

#[derive(QueryableByName)]
struct Code {
    #[diesel(sql_type = Text)]
    code: String,
}

/// A host and a port are what they say. Without this the driver asks a server on this machine for its Unix socket
/// and goes on there, which behind a forwarded port is another server's.
fn by_tcp(url: &str) -> String {
    let names_it = url.contains("prefer_socket=") || url.contains("socket=");
    match (names_it, url.contains('?')) {
        (true, _) => url.to_owned(),
        (false, true) => format!("{url}&prefer_socket=false"),
        (false, false) => format!("{url}?prefer_socket=false"),
    }
}

impl Orders {
    pub(crate) fn open(
        url: &str,
        merchant: String,
        product: String,
        pay_within: u16,
    ) -> anyhow::Result<Orders> {
        anyhow::ensure!(
            url.starts_with("mysql://"),
            "DATABASE_URL does not begin with mysql://: mysql://USER:PASSWORD@HOST:PORT/SCHEMA"
        );
        // The host without the password.
        let host = url.rsplit_once('@').map_or(url, |(_, host)| host);
        let pool = Pool::builder()
            .max_size(8)
            .connection_timeout(CONNECT_TIMEOUT)
            .build(ConnectionManager::new(by_tcp(url)))
            .with_context(|| format!("no connection to the database {host} (DATABASE_URL)"))?;
        Ok(Orders { pool, merchant, product, pay_within })
    }

    /// What is sold. `None` when there is no such product, or it is off sale.
    pub(crate) async fn product(&self) -> anyhow::Result<Option<Product>> {
        self.ask(|orders, connection| {
            // `ops product set PRODUCT --on-sale no` takes it off sale.
            sql_query("SELECT name, price FROM product WHERE id = ? AND on_sale")
                .bind::<Text, _>(&orders.product)
                .get_result(connection)
                .optional()
        })
        .await
    }

    /// Places an order for one unit; its number is the way to see it, so nobody must guess it. This
    /// INSERT is all that the pipeline asks of a shop, and `expires_at` it can do without: such an order
    /// can be paid for ever. Commit it before the buyer gets the link.
    pub(crate) async fn place(&self, product: Product) -> anyhow::Result<String> {
        let number = format!("S{:032x}", rand::random::<u128>());
        let id = number.clone();
        self.ask(move |orders, connection| {
            sql_query(
                "INSERT INTO user_order \
                 (id, merchant, product_id, quantity, subject, total_fee, expires_at) \
                 VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6) + INTERVAL ? MINUTE)",
            )
            .bind::<Text, _>(&id)
            .bind::<Text, _>(&orders.merchant)
            .bind::<Text, _>(&orders.product)
            .bind::<Integer, _>(1)
            .bind::<Text, _>(&product.name)
            .bind::<BigInt, _>(product.price)
            .bind::<Integer, _>(i32::from(orders.pay_within))
            .execute(connection)
        })
        .await?;
        Ok(number)
    }

    /// An order. `None` when it is not there.
    pub(crate) async fn find(&self, number: &str) -> anyhow::Result<Option<Order>> {
        let number = number.to_owned();
        self.ask(move |orders, connection| {
            sql_query(
                "SELECT o.subject, o.total_fee, o.status, o.trade_status = 7 AS is_held, \
                 o.paid_dtime IS NOT NULL AS was_paid, \
                 COALESCE(CAST(f.state AS CHAR), '') AS goods, \
                 TIMESTAMPDIFF(MINUTE, UTC_TIMESTAMP(6), o.expires_at) AS minutes_left \
                 FROM user_order o LEFT JOIN fulfillment f ON f.order_id = o.id \
                 WHERE o.id = ? AND o.merchant = ?",
            )
            .bind::<Text, _>(&number)
            .bind::<Text, _>(&orders.merchant)
            .get_result(connection)
            .optional()
        })
        .await
    }

    /// The codes that the order has now: none before it is delivered, none after a refund.
    pub(crate) async fn codes(&self, number: &str) -> anyhow::Result<Vec<String>> {
        let number = number.to_owned();
        let codes: Vec<Code> = self
            .ask(move |_, connection| {
                sql_query(
                    "SELECT CAST(code AS CHAR CHARACTER SET utf8mb4) AS code FROM stock_item \
                     WHERE order_id = ? AND state = 'delivered' ORDER BY id",
                )
                .bind::<Text, _>(&number)
                .load(connection)
            })
            .await?;
        Ok(codes.into_iter().map(|row| row.code).collect())
    }

    /// Runs a query where it may block.
    async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Orders, &mut MysqlConnection) -> QueryResult<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        let orders = self.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let mut connection = orders.pool.get()?;
            Ok(query(&orders, &mut connection)?)
        });
        answer.await?
    }
}

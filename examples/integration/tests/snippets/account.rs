//! The shop's account and tables, made by the statements of `shop.sql`.

use diesel::{Connection, RunQueryDsl, sql_query};
use diesel_async::AsyncMysqlConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use testkit::{Pipeline, Sandbox};

pub(crate) type Database = AsyncConnectionWrapper<AsyncMysqlConnection>;

/// Who the shop is at the database. The account is dropped with the value.
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) password: String,
    url: String,
}

impl Account {
    /// Runs `shop.sql` with the names of the sandbox in the place of `alipay` and `shop`.
    pub(crate) fn make(sandbox: &Sandbox) -> Account {
        let name = format!("{}_s", sandbox.name());
        let password = format!("p%{:016x}", rand::random::<u64>());
        let account = Account { name, password, url: sandbox.database_url.clone() };
        let sql: String = include_str!("../../shop.sql")
            .lines()
            .filter(|line| !line.starts_with("--"))
            .collect::<Vec<_>>()
            .join("\n")
            .replace("alipay.", &format!("{}.", sandbox.name()))
            .replace("'shop'@'%'", &format!("'{}'@'%'", account.name))
            .replace("PASSWORD", &account.password);
        let mut database = account.as_root();
        for statement in sql.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
            sql_query(statement)
                .execute(&mut database)
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
        account
    }

    /// A connection of the account that owns the schema.
    pub(crate) fn as_root(&self) -> Database {
        Database::establish(&self.url).unwrap()
    }
}

#[test]
fn the_shops_account_can_do_what_it_needs_and_no_more() {
    let sandbox = Sandbox::new();
    let folder = tempfile::tempdir().unwrap();
    let pipeline = Pipeline::new(folder.path(), "", &sandbox.environment()).unwrap();
    pipeline.ops(&["migrate"]).unwrap();
    pipeline.add_product("CARD", "Card", &["--kind", "stock"]).unwrap();
    let account = Account::make(&sandbox);
    let (_, place) = sandbox.database_url.rsplit_once('@').unwrap();
    let login = format!("{}:{}", account.name, account.password.replace('%', "%25"));
    let mut database = Database::establish(&format!("mysql://{login}@{place}")).unwrap();
    let columns = "INSERT INTO user_order (id, merchant, account, product_id, quantity, subject, total_fee, expires_at";
    let values = "VALUES ('S1', 'app', '', 'CARD', 1, 'Card', 1000, NULL";
    for allowed in [
        &format!("{columns}) {values})"),
        "SELECT status, paid_dtime, trade_no FROM user_order",
        "SELECT state FROM fulfillment",
        "SELECT price FROM product WHERE on_sale",
        "SELECT code FROM shop_code WHERE order_id = 'S1'",
        "SELECT ends_at FROM entitlement_end WHERE account = 'li' AND product_id = 'vip-month'",
        "INSERT IGNORE INTO shop_event (id) VALUES ('S1:order.paid')",
        "DELETE FROM shop_event WHERE handled_at < UTC_TIMESTAMP(6) - INTERVAL 1 MONTH LIMIT 10000",
    ] {
        sql_query(allowed)
            .execute(&mut database)
            .unwrap_or_else(|error| panic!("{allowed}: {error}"));
    }
    for refused in [
        &format!("{columns}, status) {values}, 8)"),
        "UPDATE user_order SET total_fee = 1",
        "UPDATE user_order SET status = 8",
        "DELETE FROM user_order",
        "SELECT code FROM stock_item",
        "UPDATE shop_code SET code = 'x'",
        "INSERT INTO fulfillment (order_id, product_id, state, units) VALUES ('S1', 'CARD', 'delivered', 1)",
        "SELECT form FROM notification",
        "SELECT event FROM outbox",
        "UPDATE product SET price = 1",
    ] {
        let error = sql_query(refused).execute(&mut database).expect_err(refused).to_string();
        assert!(error.contains("denied"), "{refused}: {error}");
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = sql_query(format!("DROP USER '{}'@'%'", self.name)).execute(&mut self.as_root());
    }
}

//! The shop's account and tables, made by the statements of `shop.sql`.

use diesel::{Connection, RunQueryDsl, sql_query};
use diesel_async::AsyncMysqlConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use testkit::Sandbox;

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

impl Drop for Account {
    fn drop(&mut self) {
        let _ = sql_query(format!("DROP USER '{}'@'%'", self.name)).execute(&mut self.as_root());
    }
}

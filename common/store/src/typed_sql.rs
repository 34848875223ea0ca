//! SQL with the types of its columns, for rows that are a value or a tuple, read by position. A row of several columns of one type is
//! a struct, read by name.
//!
//! diesel never keeps the prepared statement of a `sql_query`, since its text may be another each time. [`StaticSql`] has
//! one text, so each connection prepares it once: two round trips less for each use.

use std::marker::PhantomData;

use chrono::{DateTime, Utc};
use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{BigInt, Text, Untyped};
use diesel::{QueryResult, RunQueryDsl};

use crate::MysqlConnection;
use crate::column::Moment;

/// A query in SQL, and the types of its columns.
pub(crate) struct Typed<ST, Q> {
    query: Q,
    columns: PhantomData<ST>,
}

/// A query in SQL, as [`diesel::sql_query`] makes it.
pub(crate) trait SqlText: Sized {
    /// Sets the types of its columns: one, or a tuple.
    fn typed<ST>(self) -> Typed<ST, Self> {
        Typed { query: self, columns: PhantomData }
    }
}

impl<Q: QueryFragment<Mysql>> SqlText for Q {}

impl<ST, Q> Query for Typed<ST, Q> {
    type SqlType = ST;
}

impl<ST, Q: QueryFragment<Mysql>> QueryFragment<Mysql> for Typed<ST, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }
}

impl<ST, Q> QueryId for Typed<ST, Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST, Q> RunQueryDsl<MysqlConnection> for Typed<ST, Q> {}

/// A statement that is always the same text; `?` stands for a value and for nothing else. `ST` are the types of its
/// columns, or `Untyped` for rows that are read by name.
pub(crate) struct StaticSql<ST = Untyped> {
    sql: &'static str,
    values: Vec<BindValue>,
    columns: PhantomData<ST>,
}

enum BindValue {
    Text(String),
    BigInt(i64),
    Moment(DateTime<Utc>),
}

/// A statement of this text.
pub(crate) fn static_sql(sql: &'static str) -> StaticSql {
    StaticSql { sql, values: Vec::new(), columns: PhantomData }
}

impl StaticSql {
    /// The value of the next placeholder.
    pub(crate) fn text(mut self, value: impl Into<String>) -> StaticSql {
        self.values.push(BindValue::Text(value.into()));
        self
    }

    /// The value of the next placeholder.
    pub(crate) fn big_int(mut self, value: i64) -> StaticSql {
        self.values.push(BindValue::BigInt(value));
        self
    }

    /// The value of the next placeholder, which stands in a `CAST(? AS DATETIME(6))`.
    pub(crate) fn moment(mut self, value: DateTime<Utc>) -> StaticSql {
        self.values.push(BindValue::Moment(value));
        self
    }

    /// Sets the types of its columns: one, or a tuple.
    pub(crate) fn columns<ST>(self) -> StaticSql<ST> {
        StaticSql { sql: self.sql, values: self.values, columns: PhantomData }
    }
}

impl<ST> Query for StaticSql<ST> {
    type SqlType = ST;
}

impl<ST> QueryFragment<Mysql> for StaticSql<ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        let mut text = self.sql.split('?');
        for value in &self.values {
            out.push_sql(text.next().unwrap_or_default());
            match value {
                BindValue::Text(value) => out.push_bind_param::<Text, _>(value)?,
                BindValue::BigInt(value) => out.push_bind_param::<BigInt, _>(value)?,
                BindValue::Moment(value) => out.push_bind_param::<Moment, _>(value)?,
            }
        }
        let last = text.next();
        debug_assert!(last.is_some(), "more values than placeholders: {}", self.sql);
        debug_assert!(text.next().is_none(), "more placeholders than values: {}", self.sql);
        out.push_sql(last.unwrap_or_default());
        Ok(())
    }
}

impl<ST> QueryId for StaticSql<ST> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<ST> RunQueryDsl<MysqlConnection> for StaticSql<ST> {}

/// For tests of rows that are read by position.
#[cfg(test)]
pub(crate) mod tests {
    use diesel::debug_query;

    use super::*;

    /// The names behind `SELECT`, without their tables.
    fn columns(sql: &str) -> Vec<String> {
        let list =
            sql.split_once("SELECT ").and_then(|(_, rest)| rest.split_once("FROM ")).unwrap().0;
        let list = list.trim_start_matches("STRAIGHT_JOIN ").split(',');
        let name = |column: &str| {
            let name = column.split(" AS ").next().unwrap_or_default().trim().replace('`', "");
            name.rsplit('.').next().unwrap_or_default().to_owned()
        };
        list.map(name).collect()
    }

    /// A statement names the columns in the order of the row that is read from it, which `select` selects.
    pub(crate) fn assert_same_columns(sql: &str, select: &impl QueryFragment<Mysql>) {
        assert_eq!(columns(sql), columns(&debug_query::<Mysql, _>(select).to_string()), "{sql}");
    }
}

//! SQL of which the types of the columns are told, for rows that are a value or a tuple, by position. A row of several columns
//! that are alike is a struct, by name.

use std::marker::PhantomData;

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::{QueryResult, RunQueryDsl};

use crate::MysqlConnection;

/// A query in SQL, and the types of its columns.
pub(crate) struct Typed<ST, Q> {
    query: Q,
    columns: PhantomData<ST>,
}

/// A query in SQL, as [`diesel::sql_query`] makes it.
pub(crate) trait SqlText: Sized {
    /// Tells the types of its columns: one, or a tuple.
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

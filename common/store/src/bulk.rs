//! The rows of a batch in statements of several rows.
//!
//! A statement is a file of SQL in which the part for one row stands between two marks:
//!
//! ```sql
//! INSERT INTO review (order_id, state) VALUES
//! -- for each row, joined by ,
//! (?, ?)
//! -- end of rows
//! ON DUPLICATE KEY UPDATE state = VALUES(state)
//! ```
//!
//! Its text depends only on the number of rows, and that number is one of [`SIZES`]: 115 rows are written by four
//! statements, of 64, 32, 16 and 3 rows. So each connection prepares few statements and keeps them.
//! One JSON parameter read by `JSON_TABLE` would be a single statement for any number of rows, but for wide rows both
//! servers take longer to read the JSON than to write the rows. Statements that read, or that hold nothing but keys, use it.

use diesel::mysql::Mysql;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::serialize::ToSql;
use diesel::sql_types::{Bool, HasSqlType};
use diesel::{QueryResult, RunQueryDsl};

use crate::{MysqlConnection, Result};

/// How many rows a statement has. Small batches, of which there are many while little happens, take two statements at
/// most; large ones share the cost of a statement among many rows.
const SIZES: [usize; 11] = [128, 64, 32, 16, 12, 8, 6, 4, 3, 2, 1];

/// Begins the part of a statement for one row; the rest of the line joins two rows.
const BEGIN: &str = "-- for each row, joined by";
/// Ends it.
const END: &str = "-- end of rows\n";

/// The values of one row, in the order of the placeholders of its statement.
pub(crate) trait BulkRow {
    /// Adds each value to `values`.
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()>;
}

/// Takes the values of one row.
pub(crate) struct Values<'r, 'a, 'b> {
    /// What is between the placeholders of the row.
    text: std::str::Split<'static, char>,
    out: &'r mut AstPass<'a, 'b, Mysql>,
}

impl<'b> Values<'_, '_, 'b> {
    /// The value of the next placeholder.
    pub(crate) fn push<S, T>(&mut self, value: &'b T) -> QueryResult<()>
    where
        Mysql: HasSqlType<S>,
        T: ToSql<S, Mysql> + ?Sized,
    {
        self.out.push_sql(self.text.next().unwrap_or_default());
        self.out.push_bind_param::<S, T>(value)
    }

    /// The values of the next placeholders, all of one type.
    pub(crate) fn push_all<S, T>(
        &mut self,
        values: impl IntoIterator<Item = &'b T>,
    ) -> QueryResult<()>
    where
        Mysql: HasSqlType<S>,
        T: ToSql<S, Mysql> + 'b,
    {
        values.into_iter().try_for_each(|value| self.push::<S, T>(value))
    }

    /// Booleans for the next placeholders.
    pub(crate) fn push_flags(&mut self, flags: impl IntoIterator<Item = bool>) -> QueryResult<()> {
        flags
            .into_iter()
            .try_for_each(|flag| self.push::<Bool, _>(if flag { &true } else { &false }))
    }
}

/// A statement in its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Template {
    before: &'static str,
    row: &'static str,
    join: &'static str,
    after: &'static str,
}

impl Template {
    fn new(sql: &'static str) -> Option<Template> {
        let (before, rest) = sql.split_once(BEGIN)?;
        let (join, rest) = rest.split_once('\n')?;
        let (row, after) = rest.split_once(END)?;
        Some(Template { before, row, join: join.trim(), after })
    }
}

/// A statement over some rows.
struct Statement<'a, R> {
    template: Template,
    rows: &'a [R],
}

impl<R: BulkRow> QueryFragment<Mysql> for Statement<'_, R> {
    // Nothing calls `unsafe_to_cache_prepared`: the text is the same for the same number of rows.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Mysql>) -> QueryResult<()> {
        out.push_sql(self.template.before);
        for (place, row) in self.rows.iter().enumerate() {
            if place > 0 {
                out.push_sql(self.template.join);
                out.push_sql("\n");
            }
            let mut values = Values { text: self.template.row.split('?'), out: &mut out };
            row.bind(&mut values)?;
            let last = values.text.next();
            debug_assert!(last.is_some(), "more values than placeholders");
            debug_assert!(values.text.next().is_none(), "more placeholders than values");
            out.push_sql(last.unwrap_or_default());
        }
        out.push_sql(self.template.after);
        Ok(())
    }
}

impl<R> QueryId for Statement<'_, R> {
    type QueryId = ();
    // The cache of prepared statements goes by the text.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<R> RunQueryDsl<MysqlConnection> for Statement<'_, R> {}

/// Writes the rows in their order.
pub(crate) fn write_rows<R: BulkRow>(
    connection: &mut MysqlConnection,
    sql: &'static str,
    rows: &[R],
) -> Result<()> {
    let template = Template::new(sql);
    debug_assert!(template.is_some(), "no part for one row in: {sql}");
    let Some(template) = template else {
        return Err(diesel::result::Error::QueryBuilderError(sql.into()).into());
    };
    for rows in pieces(rows) {
        Statement { template, rows }.execute(connection)?;
    }
    Ok(())
}

/// Splits the rows into pieces of [`SIZES`], the longest first.
fn pieces<R>(mut rows: &[R]) -> impl Iterator<Item = &[R]> {
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use diesel::debug_query;
    use diesel::sql_types::{BigInt, Text};

    use super::*;

    struct Row(i64, &'static str);

    impl BulkRow for Row {
        fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
            values.push::<BigInt, _>(&self.0)?;
            values.push::<Text, _>(self.1)
        }
    }

    #[test]
    fn rows_stand_between_what_is_before_and_after_them() {
        let sql = "INSERT INTO t (a, b) VALUES\n-- for each row, joined by ,\n(?, UPPER(?))\n-- end of rows\nON DUPLICATE KEY UPDATE b = 1";
        let template = Template::new(sql).unwrap();
        let rows = [Row(1, "x"), Row(2, "y")];
        let text = debug_query::<Mysql, _>(&Statement { template, rows: &rows }).to_string();
        let expected = "INSERT INTO t (a, b) VALUES\n(?, UPPER(?))\n,\n(?, UPPER(?))\nON DUPLICATE KEY UPDATE b = 1 -- binds: [1, \"x\", 2, \"y\"]";
        assert_eq!(text, expected);
    }

    #[test]
    fn every_number_of_rows_is_cut_into_few_pieces() {
        for count in 0..400_usize {
            let rows: Vec<usize> = (0..count).collect();
            let pieces: Vec<&[usize]> = pieces(&rows).collect();
            assert_eq!(pieces.concat(), rows);
            assert!(pieces.iter().all(|piece| SIZES.contains(&piece.len())));
            assert!(pieces.len() <= count / 128 + 5, "{count}");
            assert!(count > 16 || pieces.len() <= 2, "{count}");
        }
    }
}

//! What the columns hold: SQL types of our own, by which rows carry the types of the crates `alipay` and `order`.
//!
//! A trait of `diesel` for a type of another crate can only be written with a SQL type that is ours, and so a column has
//! one type in [`schema`](crate::schema) and one in Rust.
//!
//! What is an `ENUM` of the table is an enum in every row. A status, a reason or a state in a column of numbers or free text
//! may be one of a newer version: a worker does not go on with it, and reports and audits show it as it is, since they read
//! such a column as [`String`] or [`i16`]. Amounts in reports are [`i64`].

use std::io::Write as _;
use std::marker::PhantomData;

use alipay::Fen;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use config::Urgency;
use diesel::deserialize::{self, FromSql, FromSqlRow, Queryable};
use diesel::dsl::{AsSelect, SqlTypeOf, sql};
use diesel::expression::{AsExpression, SqlLiteral, UncheckedBind};
use diesel::internal::derives::as_expression::Bound;
use diesel::mysql::data_types::MysqlTime;
use diesel::mysql::{Mysql, MysqlType, MysqlValue};
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{
    BigInt, Datetime, HasSqlType, Integer, Nullable, SingleValue, SmallInt, SqlOrd, SqlType, Text,
    is_nullable,
};
use diesel::{QueryResult, RunQueryDsl};
use order::{
    ActionResult, ActionSource, ActionSubject, AlarmMessageKind, AlarmSource, AmendmentState,
    CodeState, DeadLetterState, DecisionState, Facts, FulfillmentState, LetterAction,
    MessageOutcome, OperatorAction, OrderStatus, PauseScope, ProductKind, QueryReason,
    RefundRequestState, RefundStatusCode, ReviewReason, ReviewState, TradeStatusCode,
};

use crate::{BeijingTime, MysqlConnection};

/// `DATETIME(6)`, always UTC.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(mysql_type(name = "DateTime"))]
pub struct Moment;

impl SqlOrd for Moment {}

/// `BIGINT` of fen.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(mysql_type(name = "LongLong"))]
pub struct Money;

/// `SET` with the names of facts.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(mysql_type(name = "String"))]
pub struct FactSet;

/// A closed set, stored as the texts of its variants.
#[derive(Debug, Clone, Copy)]
pub struct EnumText<T>(PhantomData<T>);

/// A closed set, stored as the numbers of its variants.
#[derive(Debug, Clone, Copy)]
pub struct EnumNumber<T>(PhantomData<T>);

/// Makes a generic type one of SQL: the derives would ask for `T: QueryId`.
macro_rules! sql_type {
    ($sql:ident, $mysql:expr) => {
        impl<T: 'static> SqlType for $sql<T> {
            type IsNull = is_nullable::NotNull;
        }

        impl<T: 'static> SingleValue for $sql<T> {}

        impl<T: 'static> QueryId for $sql<T> {
            type QueryId = $sql<T>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<T> HasSqlType<$sql<T>> for Mysql {
            fn metadata(_: &mut ()) -> MysqlType {
                $mysql
            }
        }
    };
}

sql_type!(EnumText, MysqlType::String);
sql_type!(EnumNumber, MysqlType::Short);

/// The types of the columns of a row.
pub(crate) type ColumnsOf<R> = SqlTypeOf<AsSelect<R, Mysql>>;

/// The time of the database's clock.
pub(crate) fn now() -> SqlLiteral<Moment> {
    sql("UTC_TIMESTAMP(6)")
}

/// So many seconds before now, by the database's clock.
pub(crate) fn ago(
    seconds: i32,
) -> SqlLiteral<Moment, UncheckedBind<SqlLiteral<Moment>, Bound<Integer, i32>>> {
    sql("UTC_TIMESTAMP(6) - INTERVAL ").bind::<Integer, _>(seconds).sql(" SECOND")
}

/// So many microseconds after now, by the database's clock.
pub(crate) fn after(
    microseconds: i64,
) -> SqlLiteral<Moment, UncheckedBind<SqlLiteral<Moment>, Bound<BigInt, i64>>> {
    sql("UTC_TIMESTAMP(6) + INTERVAL ").bind::<BigInt, _>(microseconds).sql(" MICROSECOND")
}

/// `LAST_INSERT_ID()` of this connection.
pub(crate) fn last_insert_id(connection: &mut MysqlConnection) -> QueryResult<i64> {
    diesel::select(sql::<BigInt>("CAST(LAST_INSERT_ID() AS SIGNED)")).get_result(connection)
}

/// A column holds a value that this version does not know.
#[derive(Debug, thiserror::Error)]
#[error("{table}.{column}: {value:?} is not known")]
pub(crate) struct UnknownValue {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    /// What the column holds.
    pub(crate) value: String,
}

/// A type of another crate that a column holds.
pub trait Stored: Sized {
    /// The type of the column.
    type Sql: SqlType + SingleValue;
}

/// Such a type in an expression. Rust does not let us tell `diesel` that it is one by itself.
pub(crate) fn value<T: Stored>(value: T) -> Bound<T::Sql, T> {
    Bound::new(value)
}

/// Such a type in a row that is inserted.
#[derive(Debug, Clone, Copy)]
pub struct Value<T>(T);

impl<T: Stored> From<T> for Value<T> {
    fn from(value: T) -> Value<T> {
        Value(value)
    }
}

impl<T: Stored> AsExpression<T::Sql> for Value<T> {
    type Expression = Bound<T::Sql, T>;

    fn as_expression(self) -> Self::Expression {
        value(self.0)
    }
}

macro_rules! stored {
    ($sql:ty, $rust:ty) => {
        impl Stored for $rust {
            type Sql = $sql;
        }
    };
}

/// Lets rows carry a type as it is.
macro_rules! queryable {
    ($sql:ty, $rust:ty) => {
        impl Queryable<$sql, Mysql> for $rust {
            type Row = $rust;

            fn build(row: $rust) -> deserialize::Result<$rust> {
                Ok(row)
            }
        }
    };
}

macro_rules! words {
    ($($set:ident in $table:ident.$column:ident by $read:expr;)+) => {$(
        stored!(EnumText<$set>, $set);
        queryable!(EnumText<$set>, $set);

        impl FromSql<EnumText<$set>, Mysql> for $set {
            fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<$set> {
                let value = <String as FromSql<Text, Mysql>>::from_sql(value)?;
                let read: fn(&str) -> Option<$set> = $read;
                read(&value).ok_or_else(|| {
                    let (table, column) = (stringify!($table), stringify!($column));
                    UnknownValue { table, column, value }.into()
                })
            }
        }

        impl ToSql<EnumText<$set>, Mysql> for $set {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
                out.write_all(self.as_str().as_bytes())?;
                Ok(IsNull::No)
            }
        }
    )+};
}

words! {
    ActionResult in operator_action.result by |word| word.parse().ok();
    ActionSource in operator_action.source by |word| word.parse().ok();
    ActionSubject in operator_action.subject_kind by |word| word.parse().ok();
    AlarmMessageKind in alarm_message.kind by |word| word.parse().ok();
    AlarmSource in alarm.source by |word| word.parse().ok();
    AmendmentState in amendment.state by |word| word.parse().ok();
    CodeState in stock_item.state by |word| word.parse().ok();
    DeadLetterState in dead_letter.state by |word| word.parse().ok();
    DecisionState in decision.state by |word| word.parse().ok();
    FulfillmentState in fulfillment.state by |word| word.parse().ok();
    LetterAction in dead_letter_audit.action by |word| word.parse().ok();
    MessageOutcome in notification.outcome by |word| word.parse().ok();
    OperatorAction in operator_action.action by |word| word.parse().ok();
    PauseScope in pause.scope by |word| word.parse().ok();
    ProductKind in product.kind by |word| word.parse().ok();
    // Other programs can write rows there, too.
    QueryReason in gateway_query.why by |word| Some(QueryReason::read(word));
    RefundRequestState in refund_request.state by |word| word.parse().ok();
    ReviewReason in review.reason by |word| word.parse().ok();
    ReviewState in review.state by |word| word.parse().ok();
    Urgency in alarm.urgency by |word| word.parse().ok();
}

macro_rules! codes {
    ($($set:ident in $table:ident.$column:ident;)+) => {$(
        stored!(EnumNumber<$set>, $set);
        queryable!(EnumNumber<$set>, $set);

        impl FromSql<EnumNumber<$set>, Mysql> for $set {
            fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<$set> {
                let code = <i16 as FromSql<SmallInt, Mysql>>::from_sql(value)?;
                $set::from_code(code).ok_or_else(|| {
                    let (table, column) = (stringify!($table), stringify!($column));
                    UnknownValue { table, column, value: code.to_string() }.into()
                })
            }
        }

        impl ToSql<EnumNumber<$set>, Mysql> for $set {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
                <i16 as ToSql<SmallInt, Mysql>>::to_sql(&self.code(), &mut out.reborrow())
            }
        }
    )+};
}

codes! {
    OrderStatus in user_order.status;
    RefundStatusCode in user_order.refund_status;
    TradeStatusCode in user_order.trade_status;
}

impl<T> FromSql<EnumText<T>, Mysql> for String {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<String> {
        <String as FromSql<Text, Mysql>>::from_sql(value)
    }
}

impl<T> FromSql<EnumNumber<T>, Mysql> for i16 {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<i16> {
        <i16 as FromSql<SmallInt, Mysql>>::from_sql(value)
    }
}

stored!(Money, Fen);
queryable!(Money, Fen);

impl FromSql<Money, Mysql> for Fen {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Fen> {
        <i64 as FromSql<BigInt, Mysql>>::from_sql(value).map(Fen::new)
    }
}

impl ToSql<Money, Mysql> for Fen {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        <i64 as ToSql<BigInt, Mysql>>::to_sql(&self.get(), &mut out.reborrow())
    }
}

impl FromSql<Money, Mysql> for i64 {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<i64> {
        <i64 as FromSql<BigInt, Mysql>>::from_sql(value)
    }
}

queryable!(FactSet, Facts);

impl FromSql<FactSet, Mysql> for Facts {
    /// A fact that this version does not know is left out.
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Facts> {
        let names = <String as FromSql<Text, Mysql>>::from_sql(value)?;
        Ok(Facts::from_column(&names))
    }
}

impl ToSql<FactSet, Mysql> for Facts {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        out.write_all(self.to_column().as_bytes())?;
        Ok(IsNull::No)
    }
}

stored!(Moment, DateTime<Utc>);

/// A date of zeros, as old programs write for "none".
fn is_zeros(value: &MysqlTime) -> bool {
    value.month == 0 || value.day == 0
}

impl FromSql<Moment, Mysql> for DateTime<Utc> {
    /// A date of zeros is 1970.
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<DateTime<Utc>> {
        if is_zeros(&<MysqlTime as FromSql<Datetime, Mysql>>::from_sql(value.clone())?) {
            return Ok(DateTime::UNIX_EPOCH);
        }
        <NaiveDateTime as FromSql<Datetime, Mysql>>::from_sql(value).map(|time| time.and_utc())
    }
}

impl ToSql<Moment, Mysql> for DateTime<Utc> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Mysql>) -> serialize::Result {
        <NaiveDateTime as ToSql<Datetime, Mysql>>::to_sql(&self.naive_utc(), &mut out.reborrow())
    }
}

/// `user_order.expires_at`: a date of zeros is none.
#[derive(FromSqlRow)]
pub struct Deadline(Option<DateTime<Utc>>);

impl FromSql<Nullable<Moment>, Mysql> for Deadline {
    fn from_sql(value: MysqlValue<'_>) -> deserialize::Result<Deadline> {
        if is_zeros(&<MysqlTime as FromSql<Datetime, Mysql>>::from_sql(value.clone())?) {
            return Ok(Deadline(None));
        }
        <DateTime<Utc> as FromSql<Moment, Mysql>>::from_sql(value).map(|time| Deadline(Some(time)))
    }

    fn from_nullable_sql(value: Option<MysqlValue<'_>>) -> deserialize::Result<Deadline> {
        value.map_or(Ok(Deadline(None)), Deadline::from_sql)
    }
}

impl From<Deadline> for Option<DateTime<Utc>> {
    fn from(deadline: Deadline) -> Option<DateTime<Utc>> {
        deadline.0
    }
}

impl From<Deadline> for Option<BeijingTime> {
    fn from(deadline: Deadline) -> Option<BeijingTime> {
        deadline.0.map(BeijingTime)
    }
}

/// The nearest time that a column holds: a header can say any.
pub(crate) fn bounded(time: DateTime<Utc>) -> DateTime<Utc> {
    let end = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default().and_time(NaiveTime::MIN);
    time.clamp(DateTime::UNIX_EPOCH, end.and_utc())
}

#[cfg(test)]
mod tests {
    use chrono::Datelike as _;

    use super::*;

    #[test]
    fn a_time_of_a_header_fits_its_column() {
        let now = Utc::now();
        assert_eq!(bounded(now), now);
        assert_eq!(bounded(DateTime::<Utc>::MAX_UTC).year(), 9999);
        assert_eq!(bounded(DateTime::<Utc>::MIN_UTC).year(), 1970);
    }
}

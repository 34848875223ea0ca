//! Orders with what was done with their goods, one row each.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Datetime, Integer, Nullable, SmallInt, Text};

use crate::IdRange;
use crate::{MysqlConnection, StoreError};

/// What the shop wrote, what was computed, and the goods. Amounts are fen, times UTC.
#[derive(Debug, Clone, QueryableByName)]
#[expect(missing_docs, reason = "the columns of the tables, which their migrations explain")]
pub struct AuditedOrder {
    #[diesel(sql_type = Text)]
    pub id: String,
    #[diesel(sql_type = Text)]
    pub merchant: String,
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// `product.kind`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    #[diesel(sql_type = Integer)]
    pub quantity: i32,
    #[diesel(sql_type = BigInt)]
    pub total_fee: i64,
    #[diesel(sql_type = Datetime)]
    pub created_at: NaiveDateTime,
    #[diesel(sql_type = Datetime)]
    pub updated_at: NaiveDateTime,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub expires_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub expired_at: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Text>)]
    pub trade_no: Option<String>,
    #[diesel(sql_type = SmallInt)]
    pub status: i16,
    #[diesel(sql_type = SmallInt)]
    pub trade_status: i16,
    #[diesel(sql_type = SmallInt)]
    pub refund_status: i16,
    #[diesel(sql_type = BigInt)]
    pub refunded_fee: i64,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub paid_dtime: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub refund_dtime: Option<NaiveDateTime>,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub finish_dtime: Option<NaiveDateTime>,
    #[diesel(sql_type = Bool)]
    pub is_send_goods: bool,
    #[diesel(sql_type = Bool)]
    pub is_return_goods: bool,
    #[diesel(sql_type = Bool)]
    pub is_finish: bool,
    #[diesel(sql_type = Bool)]
    pub needs_review: bool,
    /// `fulfillment.state`, where there is a row; so are the next six.
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub fulfillment_product: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub units: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub given: Option<i32>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub is_imported: Option<bool>,
    #[diesel(sql_type = Nullable<Datetime>)]
    pub waiting_since: Option<NaiveDateTime>,
    /// `entitlement.product_id`, where there is a row.
    #[diesel(sql_type = Nullable<Text>)]
    pub entitlement_product: Option<String>,
}

/// The first `limit` orders of a range, by number.
///
/// # Errors
/// What the database says.
pub fn in_range(
    connection: &mut MysqlConnection,
    range: &IdRange,
    limit: i64,
) -> Result<Vec<AuditedOrder>, StoreError> {
    Ok(sql_query(include_str!("audit.sql"))
        .bind::<Text, _>(&range.from)
        .bind::<Text, _>(&range.to)
        .bind::<BigInt, _>(limit)
        .load(connection)?)
}

/// How many orders there are.
///
/// # Errors
/// What the database says.
pub fn count(connection: &mut MysqlConnection) -> Result<i64, StoreError> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        count: i64,
    }
    let row: Row = sql_query("SELECT COUNT(*) AS count FROM user_order").get_result(connection)?;
    Ok(row.count)
}

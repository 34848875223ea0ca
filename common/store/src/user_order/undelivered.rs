//! Orders that are paid, or that a message says are paid, and whose goods are not with the buyer.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, SmallInt, Text};
use order::FulfillmentState;
use serde::Serialize;

use crate::column::{EnumText, Moment};
use crate::counts::WaitingCount;
use crate::typed_sql::static_sql;
use crate::{BeijingTime, MysqlConnection, Result};

/// One of them: what its order says, where there is one.
#[derive(Debug, Clone, QueryableByName, Serialize)]
#[expect(missing_docs, reason = "the columns of the tables, which their migrations explain")]
pub struct UndeliveredRow {
    #[diesel(sql_type = Text)]
    pub order_id: String,
    /// The payment; of a message its receipt.
    #[diesel(sql_type = Moment)]
    pub since: BeijingTime,
    #[diesel(sql_type = Nullable<Text>)]
    pub merchant: Option<String>,
    /// Why a message about the payment was rejected; empty where its dead letter does not say.
    #[diesel(sql_type = Nullable<Text>)]
    pub letter: Option<String>,
    /// When a message comes back from its retry tier.
    #[diesel(sql_type = Nullable<Moment>)]
    pub due_at: Option<BeijingTime>,
    /// The pause for whose end a message waits.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub pause_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub product_id: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub quantity: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub total_fee: Option<i64>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub status: Option<i16>,
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub trade_status: Option<i16>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub is_finish: Option<bool>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub needs_review: Option<bool>,
    #[diesel(sql_type = Nullable<Moment>)]
    pub expired_at: Option<BeijingTime>,
    #[diesel(sql_type = Nullable<EnumText<FulfillmentState>>)]
    pub goods: Option<FulfillmentState>,
}

/// These orders, the longest without its goods first, at most `limit` after the first `skip`.
pub fn undelivered(
    connection: &mut MysqlConnection,
    skip: i64,
    limit: i64,
) -> Result<Vec<UndeliveredRow>> {
    Ok(static_sql(concat!(
        "SELECT u.order_id, u.since, COALESCE(o.merchant, u.merchant) AS merchant, u.letter, u.due_at, u.pause_id, o.product_id, \
         o.quantity, o.total_fee, o.status, o.trade_status, o.is_finish, o.needs_review, o.expired_at, f.state AS goods \
         FROM (SELECT * FROM (",
        include_str!("undelivered.sql"),
        ") AS found ORDER BY since, order_id LIMIT ? OFFSET ?) AS u \
         LEFT JOIN user_order AS o ON o.id = u.order_id LEFT JOIN fulfillment AS f ON f.order_id = u.order_id \
         ORDER BY u.since, u.order_id",
    ))
    .big_int(limit)
    .big_int(skip)
    .load(connection)?)
}

/// How many they are, and since when the first of them waits.
pub fn count_undelivered(connection: &mut MysqlConnection) -> Result<WaitingCount> {
    let counted = static_sql(concat!(
        "SELECT COUNT(*), MIN(since) FROM (",
        include_str!("undelivered.sql"),
        ") AS found",
    ));
    Ok(counted.columns::<(BigInt, Nullable<Moment>)>().get_result(connection)?)
}

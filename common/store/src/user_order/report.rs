//! Orders, whole rows.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::mysql::Mysql;
use diesel::prelude::*;
use diesel::query_builder::{BoxedSqlQuery, SqlQuery};
use diesel::sql_query;
use diesel::sql_types::{Nullable, SmallInt, Text};
use order::FulfillmentState;
use serde::Serialize;

use crate::column::{Deadline, EnumText, Moment, Money};
use crate::schema::user_order;
use crate::{BeijingTime, MysqlConnection, PartyRow, Result};

/// A row of `user_order`. Amounts are fen.
#[derive(Debug, Clone, QueryableByName, Serialize)]
#[diesel(table_name = user_order)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct OrderRow {
    pub id: String,
    pub merchant: String,
    pub account: String,
    pub product_id: String,
    pub quantity: i32,
    pub subject: String,
    pub total_fee: i64,
    pub trade_no: Option<String>,
    pub status: i16,
    pub trade_status: i16,
    pub refund_status: i16,
    pub refunded_fee: i64,
    pub refund_dtime: Option<BeijingTime>,
    pub refund_finish_dtime: Option<BeijingTime>,
    pub notify_dtime: Option<BeijingTime>,
    pub paid_dtime: Option<BeijingTime>,
    pub confirm_dtime: Option<BeijingTime>,
    pub finish_dtime: Option<BeijingTime>,
    #[diesel(embed)]
    #[serde(flatten)]
    pub parties: PartyRow,
    pub is_send_goods: bool,
    pub is_return_goods: bool,
    pub is_finish: bool,
    pub needs_review: bool,
    pub created_at: BeijingTime,
    #[diesel(deserialize_as = Deadline)]
    pub expires_at: Option<BeijingTime>,
    pub expired_at: Option<BeijingTime>,
    pub updated_at: BeijingTime,
    /// `fulfillment.state`; none before a worker has come to its goods.
    #[diesel(sql_type = Nullable<EnumText<FulfillmentState>>)]
    pub goods_state: Option<FulfillmentState>,
    #[diesel(sql_type = Nullable<Moment>)]
    pub goods_waiting_since: Option<BeijingTime>,
}

/// Which orders to list; everything that is given must hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderFilter<'a> {
    /// Only this `status`.
    pub status: Option<i16>,
    /// Only this merchant's.
    pub merchant: Option<&'a str>,
    /// Only those with an open review.
    pub needs_review: bool,
    /// Only those whose goods are in this state.
    pub goods: Option<FulfillmentState>,
    /// Only this buyer's, by `buyer_id` (of newer applications the `buyer_open_id`).
    pub buyer: Option<&'a str>,
    /// Placed at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Placed before this time.
    pub until: Option<DateTime<Utc>>,
    /// Only those of this `total_fee`.
    pub total: Option<Fen>,
}

/// A query of whole rows, to which conditions are added.
pub(super) type OrderQuery<'a> = BoxedSqlQuery<'a, Mysql, SqlQuery>;

impl<'a> OrderFilter<'a> {
    /// The orders that pass.
    pub(super) fn query(&self) -> OrderQuery<'a> {
        let mut query = sql_query(SELECT).into_boxed().sql(" WHERE TRUE");
        if let Some(status) = self.status {
            query = query.sql(" AND status = ?").bind::<SmallInt, _>(status);
        }
        if let Some(merchant) = self.merchant {
            query = query.sql(" AND merchant = ?").bind::<Text, _>(merchant);
        }
        if self.needs_review {
            query = query.sql(" AND needs_review");
        }
        if let Some(state) = self.goods {
            let goods = " AND EXISTS (SELECT 1 FROM fulfillment AS g \
                         WHERE g.order_id = user_order.id AND g.state = ?)";
            query = query.sql(goods).bind::<EnumText<FulfillmentState>, _>(state);
        }
        if let Some(buyer) = self.buyer {
            query = query.sql(" AND buyer_id = ?").bind::<Text, _>(buyer);
        }
        if let Some(since) = self.since {
            query = query.sql(" AND created_at >= ?").bind::<Moment, _>(since);
        }
        if let Some(until) = self.until {
            query = query.sql(" AND created_at < ?").bind::<Moment, _>(until);
        }
        if let Some(total) = self.total {
            query = query.sql(" AND total_fee = ?").bind::<Money, _>(total);
        }
        query
    }
}

const SELECT: &str = include_str!("report.sql");

/// The order with this id.
pub fn find(connection: &mut MysqlConnection, id: &str) -> Result<Option<OrderRow>> {
    Ok(sql_query(SELECT)
        .into_boxed()
        .sql(" WHERE id = ?")
        .bind::<Text, _>(id)
        .get_result(connection)
        .optional()?)
}

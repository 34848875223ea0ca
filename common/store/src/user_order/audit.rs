//! Orders with what was done with their goods, one row each.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable, Text};
use order::{FulfillmentState, ProductKind};

use crate::IdRange;
use crate::column::{Deadline, EnumText, Moment};
use crate::schema::user_order;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// What the shop wrote, what was computed, and the goods. Amounts are fen. Statuses are numbers, since an audit reads the columns
/// as they are: an unknown number is a gap, and not an error.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = user_order)]
#[expect(missing_docs, reason = "the columns of the tables, which their migrations explain")]
pub struct AuditedOrder {
    pub id: String,
    pub merchant: String,
    pub product_id: String,
    /// `product.kind`.
    #[diesel(sql_type = EnumText<ProductKind>)]
    pub kind: ProductKind,
    pub quantity: i32,
    pub total_fee: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    #[diesel(deserialize_as = Deadline)]
    pub expires_at: Option<DateTime<Utc>>,
    pub expired_at: Option<DateTime<Utc>>,
    pub trade_no: Option<String>,
    pub status: i16,
    pub trade_status: i16,
    pub refund_status: i16,
    pub refunded_fee: i64,
    pub paid_dtime: Option<DateTime<Utc>>,
    pub refund_dtime: Option<DateTime<Utc>>,
    pub finish_dtime: Option<DateTime<Utc>>,
    pub is_send_goods: bool,
    pub is_return_goods: bool,
    pub is_finish: bool,
    pub needs_review: bool,
    /// `fulfillment.state`, where there is a row; so are the next six.
    #[diesel(sql_type = Nullable<EnumText<FulfillmentState>>)]
    pub state: Option<FulfillmentState>,
    #[diesel(sql_type = Nullable<Text>)]
    pub fulfillment_product: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub units: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    pub given: Option<i32>,
    #[diesel(sql_type = Nullable<Bool>)]
    pub is_imported: Option<bool>,
    #[diesel(sql_type = Nullable<Moment>)]
    pub waiting_since: Option<DateTime<Utc>>,
    /// `entitlement.product_id`, where there is a row.
    #[diesel(sql_type = Nullable<Text>)]
    pub entitlement_product: Option<String>,
}

/// The first `limit` orders of a range, by number.
pub fn in_range(
    connection: &mut MysqlConnection,
    range: &IdRange,
    limit: i64,
) -> Result<Vec<AuditedOrder>> {
    Ok(static_sql(include_str!("audit.sql"))
        .text(&range.from)
        .text(&range.to)
        .big_int(limit)
        .load(connection)?)
}

/// How many orders there are.
pub fn count(connection: &mut MysqlConnection) -> Result<i64> {
    Ok(user_order::table.count().get_result(connection)?)
}

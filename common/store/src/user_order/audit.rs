//! Orders with what was done with their goods, one row each.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::{FulfillmentState, ProductKind};

use crate::IdRange;
use crate::column::{ColumnsOf, Deadline};
use crate::schema::{entitlement, fulfillment, product, user_order};
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// What the shop wrote, what was computed, and the goods. Amounts are fen. Statuses are numbers, since an audit reads the columns
/// as they are: an unknown number is a gap, and not an error. The fields are in the order of the columns of `audit.sql`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = user_order)]
#[expect(missing_docs, reason = "the columns of the tables, which their migrations explain")]
pub struct AuditedOrder {
    pub id: String,
    pub merchant: String,
    pub product_id: String,
    /// `product.kind`.
    #[diesel(select_expression = product::kind)]
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
    #[diesel(select_expression = fulfillment::state.nullable())]
    pub state: Option<FulfillmentState>,
    #[diesel(select_expression = fulfillment::product_id.nullable())]
    pub fulfillment_product: Option<String>,
    #[diesel(select_expression = fulfillment::units.nullable())]
    pub units: Option<i32>,
    #[diesel(select_expression = fulfillment::given.nullable())]
    pub given: Option<i32>,
    #[diesel(select_expression = fulfillment::is_imported.nullable())]
    pub is_imported: Option<bool>,
    #[diesel(select_expression = fulfillment::waiting_since.nullable())]
    pub waiting_since: Option<DateTime<Utc>>,
    /// `entitlement.product_id`, where there is a row.
    #[diesel(select_expression = entitlement::product_id.nullable())]
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
        .columns::<ColumnsOf<AuditedOrder>>()
        .load(connection)?)
}

/// How many orders there are.
pub fn count(connection: &mut MysqlConnection) -> Result<i64> {
    Ok(user_order::table.count().get_result(connection)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed_sql::tests::assert_same_columns;

    #[test]
    fn the_audit_names_the_columns_in_the_order_of_the_row() {
        let row = user_order::table
            .inner_join(product::table.on(product::id.eq(user_order::product_id)))
            .left_join(fulfillment::table.on(fulfillment::order_id.eq(user_order::id)))
            .left_join(entitlement::table.on(entitlement::order_id.eq(user_order::id)))
            .select(AuditedOrder::as_select());
        assert_same_columns(include_str!("audit.sql"), &row);
    }
}

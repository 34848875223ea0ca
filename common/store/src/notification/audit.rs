//! Notifications that were processed and left no trade.

use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::schema::notification;
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// A notification of a trade that the order does not know.
#[derive(Debug, Clone, QueryableByName)]
#[diesel(table_name = notification)]
pub struct LostNotification {
    /// `notification.id`.
    pub id: i64,
    /// The order it names.
    #[diesel(sql_type = Text)]
    pub order_id: String,
    /// The trade it names.
    pub trade_no: Option<String>,
    /// When a worker last saw it.
    pub last_seen: DateTime<Utc>,
}

/// Notifications with an id above `after` and up to `to` that a worker has marked as applied, and whose trade
/// row is missing.
pub fn lost(
    connection: &mut MysqlConnection,
    after: i64,
    to: i64,
) -> Result<Vec<LostNotification>> {
    Ok(static_sql(include_str!("audit.sql")).big_int(after).big_int(to).load(connection)?)
}

/// The greatest id of a notification; 0 where there is none.
pub fn last_id(connection: &mut MysqlConnection) -> Result<i64> {
    let last =
        notification::table.select(max(notification::id)).get_result::<Option<i64>>(connection)?;
    Ok(last.unwrap_or(0))
}

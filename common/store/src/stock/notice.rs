//! Table `low_stock_notice`: products whose stock was told to be low, until it is above its threshold again.
//!
//! A row is the last lock that a transaction takes, besides rows that it makes itself: so a transaction that
//! holds one never waits for another lock, and no deadlock involves this table. Batches of messages
//! do not touch it at all.

use diesel::prelude::*;
use diesel::sql_types::{Bool, Integer, Nullable};

use crate::schema::low_stock_notice;
use crate::stock::{self, is_low};
use crate::typed_sql::static_sql;
use crate::{MysqlConnection, Result};

/// A product on sale with a threshold, or one that was told to be low and has none any more.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
#[diesel(table_name = low_stock_notice)]
pub struct Watched {
    /// The product.
    pub product_id: String,
    /// `product.low_stock`: with so many codes or fewer its stock is low. None while the product is off sale.
    #[diesel(sql_type = Nullable<Integer>)]
    pub threshold: Option<i32>,
    /// Whether this was told.
    #[diesel(sql_type = Bool)]
    pub told: bool,
}

impl Watched {
    /// The available codes, when they are at or below the threshold. Counts hardly further than that.
    pub fn low(&self, connection: &mut MysqlConnection) -> Result<Option<i64>> {
        let Some(threshold) = self.threshold else { return Ok(None) };
        let available = stock::available(connection, &self.product_id, i64::from(threshold) + 1)?;
        Ok(is_low(available, threshold).then_some(available))
    }
}

/// Everything that is watched, by id.
pub fn watched(connection: &mut MysqlConnection) -> Result<Vec<Watched>> {
    Ok(static_sql(
        "SELECT p.id AS product_id, IF(p.on_sale, p.low_stock, NULL) AS threshold, \
         n.product_id IS NOT NULL AS told \
         FROM product AS p LEFT JOIN low_stock_notice AS n ON n.product_id = p.id \
         WHERE (p.low_stock IS NOT NULL AND p.on_sale) OR n.product_id IS NOT NULL ORDER BY p.id",
    )
    .load(connection)?)
}

/// Writes the notice; `false` if there is one already, also one of another transaction whose commit was
/// waited for.
pub fn note(connection: &mut MysqlConnection, product_id: &str) -> Result<bool> {
    let new = diesel::insert_or_ignore_into(low_stock_notice::table)
        .values(low_stock_notice::product_id.eq(product_id))
        .execute(connection)?;
    Ok(new > 0)
}

/// Locks the notice of a product, until the end of the transaction. Says whether there is one.
pub fn lock(connection: &mut MysqlConnection, product_id: &str) -> Result<bool> {
    let notice = low_stock_notice::table.find(product_id).select(low_stock_notice::product_id);
    Ok(notice.for_update().get_result::<String>(connection).optional()?.is_some())
}

/// Forgets that it was told: the next crossing is told again.
pub fn forget(connection: &mut MysqlConnection, product_id: &str) -> Result<()> {
    diesel::delete(low_stock_notice::table.find(product_id)).execute(connection)?;
    Ok(())
}

/// After an import, in its transaction: forgets the notice of a product that is above its threshold
/// now. Workers would see that too, unless waiting orders take all of it at once.
pub fn forget_if_above(connection: &mut MysqlConnection, product_id: &str) -> Result<()> {
    let told: Option<Watched> = static_sql("SELECT p.id AS product_id, IF(p.on_sale, p.low_stock, NULL) AS threshold, TRUE AS told \
         FROM low_stock_notice AS n JOIN product AS p ON p.id = n.product_id WHERE n.product_id = ?")
    .text(product_id)
    .get_result(connection)
    .optional()?;
    match told {
        Some(told) if told.low(connection)?.is_none() => forget(connection, product_id),
        _ => Ok(()),
    }
}

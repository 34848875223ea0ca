//! Table `product`: what the shop sells.

use alipay::Fen;
use diesel::dsl::exists;
use diesel::prelude::*;
use order::ProductKind;

use crate::column::{Value, value};
use crate::json_rows::load_rows;
use crate::schema::product;
use crate::{MysqlConnection, Result};

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, QueryableByName, Insertable)]
#[diesel(table_name = product)]
pub struct Product {
    /// Its id: 1 to 64 bytes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is delivered.
    #[diesel(serialize_as = Value<ProductKind>)]
    pub kind: ProductKind,
    /// Price of a unit, fen.
    #[diesel(serialize_as = Value<Fen>)]
    pub price: Fen,
    /// Length of a subscription.
    pub days: Option<i32>,
    /// Whether new orders are accepted. Paid orders are delivered anyway.
    pub on_sale: bool,
}

impl Product {
    /// The days that so many units of a subscription are.
    pub fn days_of(&self, quantity: i32) -> i64 {
        i64::from(self.days.unwrap_or(0)) * i64::from(quantity)
    }
}

/// The products with these ids.
pub fn by_ids(connection: &mut MysqlConnection, ids: &[&str]) -> Result<Vec<Product>> {
    load_rows(
        connection,
        "SELECT STRAIGHT_JOIN p.id, p.name, p.kind, p.price, p.days, p.on_sale FROM JSON_TABLE(?, '$[*]' \
         COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k JOIN product AS p ON p.id = k.id",
        ids,
    )
}

/// All products by id.
pub fn list(connection: &mut MysqlConnection) -> Result<Vec<Product>> {
    Ok(product::table.order(product::id).select(Product::as_select()).load(connection)?)
}

/// Adds a product.
///
/// # Errors
/// What the database says: a unique violation when the id is taken.
pub fn insert(connection: &mut MysqlConnection, new: &Product) -> Result<()> {
    diesel::insert_into(product::table).values(new.clone()).execute(connection)?;
    Ok(())
}

/// What of a product changes; `None` stays as it is. Orders that are placed keep their total.
#[derive(Debug, Clone, Copy, Default)]
pub struct Changes<'a> {
    /// The name.
    pub name: Option<&'a str>,
    /// Price of a unit for new orders, fen.
    pub price: Option<Fen>,
    /// Whether it takes new orders.
    pub on_sale: Option<bool>,
    /// Whether returned codes are sold again by themselves.
    pub resell_returned: Option<bool>,
}

/// Changes a product; one that is not there is no error.
pub fn update(connection: &mut MysqlConnection, id: &str, changes: &Changes<'_>) -> Result<()> {
    diesel::update(product::table.find(id))
        .set((
            changes.name.map(|name| product::name.eq(name)),
            changes.price.map(|price| product::price.eq(value(price))),
            changes.on_sale.map(|on_sale| product::on_sale.eq(on_sale)),
            changes.resell_returned.map(|resell| product::resell_returned.eq(resell)),
        ))
        .execute(connection)
        .optional_empty_changeset()?;
    Ok(())
}

/// Sets the threshold of a product, or takes it away. Returns whether there is such a product.
pub fn set_low_stock(
    connection: &mut MysqlConnection,
    product_id: &str,
    threshold: Option<i32>,
) -> Result<bool> {
    diesel::update(product::table.find(product_id))
        .set(product::low_stock.eq(threshold))
        .execute(connection)?;
    // The same threshold again changes no row.
    let there = diesel::select(exists(product::table.find(product_id)));
    Ok(there.get_result(connection)?)
}

//! Table `product`: what the shop sells.

use alipay::Fen;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use order::ProductKind;

use crate::json_rows::load_rows;
use crate::{MysqlConnection, StoreError};

/// A product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id: 1 to 64 bytes.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How it is delivered.
    pub kind: ProductKind,
    /// Price of a unit, fen.
    pub price: Fen,
    /// Length of a subscription.
    pub days: Option<i32>,
}

#[derive(QueryableByName)]
struct ProductRow {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    price: i64,
    #[diesel(sql_type = Nullable<Integer>)]
    days: Option<i32>,
}

impl TryFrom<ProductRow> for Product {
    type Error = StoreError;

    fn try_from(row: ProductRow) -> Result<Product, StoreError> {
        let kind = ProductKind::from_column(&row.kind)
            .ok_or_else(|| StoreError::Row { table: "product", what: row.kind.clone() })?;
        let price = Fen::new(row.price);
        Ok(Product { id: row.id, name: row.name, kind, price, days: row.days })
    }
}

/// The products with these ids.
///
/// # Errors
/// What the database says.
pub fn by_ids(connection: &mut MysqlConnection, ids: &[&str]) -> Result<Vec<Product>, StoreError> {
    let rows: Vec<ProductRow> = load_rows(
        connection,
        "SELECT STRAIGHT_JOIN p.id, p.name, p.kind, p.price, p.days FROM JSON_TABLE(?, '$[*]' \
         COLUMNS (id VARCHAR(64) CHARACTER SET utf8mb4 PATH '$')) AS k JOIN product AS p ON p.id = k.id",
        ids,
    )?;
    rows.into_iter().map(Product::try_from).collect()
}

/// All products by id.
///
/// # Errors
/// What the database says.
pub fn list(connection: &mut MysqlConnection) -> Result<Vec<Product>, StoreError> {
    let rows: Vec<ProductRow> =
        sql_query("SELECT id, name, kind, price, days FROM product ORDER BY id")
            .load(connection)?;
    rows.into_iter().map(Product::try_from).collect()
}

/// Adds a product.
///
/// # Errors
/// What the database says: a unique violation when the id is taken.
pub fn insert(connection: &mut MysqlConnection, product: &Product) -> Result<(), StoreError> {
    sql_query("INSERT INTO product (id, name, kind, price, days) VALUES (?, ?, ?, ?, ?)")
        .bind::<Text, _>(&product.id)
        .bind::<Text, _>(&product.name)
        .bind::<Text, _>(product.kind.as_str())
        .bind::<BigInt, _>(product.price.get())
        .bind::<Nullable<Integer>, _>(product.days)
        .execute(connection)?;
    Ok(())
}

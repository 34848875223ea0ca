//! Table `product`: what the shop sells.

use alipay::Fen;
use diesel::prelude::*;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text};
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
    /// Whether it takes new orders. What is paid is delivered all the same.
    pub on_sale: bool,
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
    #[diesel(sql_type = Bool)]
    on_sale: bool,
}

impl TryFrom<ProductRow> for Product {
    type Error = StoreError;

    fn try_from(row: ProductRow) -> Result<Product, StoreError> {
        let kind = row
            .kind
            .parse::<ProductKind>()
            .map_err(|_| StoreError::Row { table: "product", what: row.kind.clone() })?;
        let price = Fen::new(row.price);
        let ProductRow { id, name, days, on_sale, .. } = row;
        Ok(Product { id, name, kind, price, days, on_sale })
    }
}

/// The products with these ids.
///
/// # Errors
/// What the database says.
pub fn by_ids(connection: &mut MysqlConnection, ids: &[&str]) -> Result<Vec<Product>, StoreError> {
    let rows: Vec<ProductRow> = load_rows(
        connection,
        "SELECT STRAIGHT_JOIN p.id, p.name, p.kind, p.price, p.days, p.on_sale FROM JSON_TABLE(?, '$[*]' \
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
        sql_query("SELECT id, name, kind, price, days, on_sale FROM product ORDER BY id")
            .load(connection)?;
    rows.into_iter().map(Product::try_from).collect()
}

/// Adds a product.
///
/// # Errors
/// What the database says: a unique violation when the id is taken.
pub fn insert(connection: &mut MysqlConnection, product: &Product) -> Result<(), StoreError> {
    sql_query(
        "INSERT INTO product (id, name, kind, price, days, on_sale) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind::<Text, _>(&product.id)
    .bind::<Text, _>(&product.name)
    .bind::<Text, _>(product.kind.as_str())
    .bind::<BigInt, _>(product.price.get())
    .bind::<Nullable<Integer>, _>(product.days)
    .bind::<Bool, _>(product.on_sale)
    .execute(connection)?;
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
///
/// # Errors
/// What the database says.
pub fn update(
    connection: &mut MysqlConnection,
    id: &str,
    changes: &Changes<'_>,
) -> Result<(), StoreError> {
    sql_query(
        "UPDATE product SET name = COALESCE(?, name), price = COALESCE(?, price), \
         on_sale = COALESCE(?, on_sale), resell_returned = COALESCE(?, resell_returned) WHERE id = ?",
    )
    .bind::<Nullable<Text>, _>(changes.name)
    .bind::<Nullable<BigInt>, _>(changes.price.map(Fen::get))
    .bind::<Nullable<Bool>, _>(changes.on_sale)
    .bind::<Nullable<Bool>, _>(changes.resell_returned)
    .bind::<Text, _>(id)
    .execute(connection)?;
    Ok(())
}

/// Sets the threshold of a product, or takes it away. Returns whether there is such a product.
///
/// # Errors
/// What the database says.
pub fn set_low_stock(
    connection: &mut MysqlConnection,
    product_id: &str,
    threshold: Option<i32>,
) -> Result<bool, StoreError> {
    sql_query("UPDATE product SET low_stock = ? WHERE id = ?")
        .bind::<Nullable<Integer>, _>(threshold)
        .bind::<Text, _>(product_id)
        .execute(connection)?;
    // The same threshold again changes no row.
    Ok(!by_ids(connection, &[product_id])?.is_empty())
}

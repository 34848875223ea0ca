//! What the shop sells.

use alipay::can_be_cut;
use diesel::Connection as _;
use order::ProductKind;
use serde::Serialize;
use store::MysqlConnection;
use store::product::{self, Changes, Product};
use store::stock::{self, StockLevel};
use tracing::warn;

use crate::failure::{Failure, is_taken};

/// A product as it is listed.
#[derive(Serialize)]
pub(crate) struct ListedProduct {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: ProductKind,
    /// Fen.
    pub(crate) price: i64,
    pub(crate) days: Option<i32>,
    /// Whether it takes new orders.
    pub(crate) on_sale: bool,
    /// With so many available codes or fewer the stock is low.
    pub(crate) low_stock: Option<i32>,
    /// The codes of a stock product, where they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stock: Option<StockLevel>,
}

impl ListedProduct {
    fn new(product: Product, low_stock: Option<i32>, stock: Option<StockLevel>) -> ListedProduct {
        let Product { id, name, kind, price, days, on_sale } = product;
        ListedProduct { id, name, kind, price: price.get(), days, on_sale, low_stock, stock }
    }
}

/// Adds a product.
pub(crate) fn add(
    connection: &mut MysqlConnection,
    product: Product,
    low_stock: Option<i32>,
) -> Result<ListedProduct, Failure> {
    connection.transaction(|connection| {
        product::insert(connection, &product).map_err(|error| match is_taken(&error) {
            true => Failure::Refused(format!("there is a product {} already", product.id)),
            false => error.into(),
        })?;
        if low_stock.is_some() {
            product::set_low_stock(connection, &product.id, low_stock)?;
        }
        Ok::<_, Failure>(())
    })?;
    Ok(ListedProduct::new(product, low_stock, None))
}

/// An error for options of another kind of product; a warning for a name that no pay link can have as its subject.
pub(crate) fn check_new(product: &Product, low_stock: Option<i32>) -> Result<(), Failure> {
    let (name, kind) = (&product.name, product.kind);
    if product.days.is_some() && kind != ProductKind::Subscription {
        return Err(Failure::Usage(format!("--days belongs to a subscription, not to {kind}")));
    }
    if low_stock.is_some() && kind != ProductKind::Stock {
        return Err(Failure::Usage(format!("--low-stock belongs to kind stock, not to {kind}")));
    }
    if can_be_cut(name) {
        warn!(
            "the name {name:?} has & in it, and `ops pay-link` refuses it as a subject: Alipay signs it unescaped. \
             Give orders a --subject without it, or change the name (ops product set --name)"
        );
    }
    Ok(())
}

/// Changes a product. A threshold of 0 never warns of a low stock.
pub(crate) fn set(
    connection: &mut MysqlConnection,
    id: &str,
    changes: &Changes<'_>,
    low_stock: Option<i32>,
) -> Result<ListedProduct, Failure> {
    let product = find(connection, id)?;
    if low_stock.is_some() || changes.resell_returned.is_some() {
        check_has_codes(&product)?;
    }
    connection.transaction(|connection| {
        product::update(connection, id, changes)?;
        if let Some(threshold) = low_stock {
            product::set_low_stock(connection, id, Some(threshold).filter(|it| *it > 0))?;
        }
        Ok::<_, Failure>(())
    })?;
    listed(connection, id)
}

/// The product as it is.
pub(crate) fn listed(connection: &mut MysqlConnection, id: &str) -> Result<ListedProduct, Failure> {
    let product = find(connection, id)?;
    let level = stock::levels(connection)?.into_iter().find(|level| level.product_id == id);
    Ok(ListedProduct::new(product, level.and_then(|level| level.low_stock), None))
}

/// All products, with the codes of each.
pub(crate) fn list(connection: &mut MysqlConnection) -> Result<Vec<ListedProduct>, Failure> {
    let products = product::list(connection)?;
    let levels = stock::levels(connection)?;
    let listed = products.into_iter().map(|product| {
        let level = levels.iter().find(|level| level.product_id == product.id).cloned();
        ListedProduct::new(product, level.as_ref().and_then(|level| level.low_stock), level)
    });
    Ok(listed.collect())
}

/// The product with this id, or that there is none.
pub(crate) fn find(connection: &mut MysqlConnection, id: &str) -> Result<Product, Failure> {
    let found = product::by_ids(connection, &[id])?.into_iter().next();
    found.ok_or_else(|| Failure::NotFound(format!("there is no product {id}")))
}

/// An error unless codes can be put into the stock of this product.
pub(crate) fn check_has_codes(product: &Product) -> Result<(), Failure> {
    match product.kind {
        ProductKind::Stock => Ok(()),
        kind => Err(Failure::Refused(format!(
            "product {} is of kind {}: no codes",
            product.id,
            kind.as_str()
        ))),
    }
}

/// An error unless new orders can be placed and paid.
pub(crate) fn check_on_sale(product: &Product) -> Result<(), Failure> {
    if product.on_sale {
        return Ok(());
    }
    let id = &product.id;
    Err(Failure::Refused(format!(
        "product {id} is off sale: `ops product set {id} --on-sale yes` puts it on sale again"
    )))
}

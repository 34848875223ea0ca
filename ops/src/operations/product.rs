//! What the shop sells.

use order::ProductKind;
use store::MysqlConnection;
use store::product::{self, Product};

use crate::failure::Failure;

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

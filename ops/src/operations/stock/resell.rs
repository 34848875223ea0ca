//! Puts codes that came back on sale again.

use diesel::Connection as _;
use serde::Serialize;
use store::MysqlConnection;
use store::stock::notice;
use store::stock::resale::{self, Returned};

use crate::failure::Failure;
use crate::operations::product;

/// Codes that are on sale again.
#[derive(Serialize)]
pub(crate) struct Resold {
    product_id: String,
    pub(crate) resold: Vec<String>,
    /// Codes that were asked for and are not returned ones of this product.
    pub(crate) not_returned: Vec<String>,
}

/// Puts these returned codes on sale again, or all that an order returned.
pub(crate) fn resell(
    connection: &mut MysqlConnection,
    product_id: &str,
    mut codes: Vec<String>,
    order: Option<&str>,
    by: &str,
    reason: &str,
) -> Result<Resold, Failure> {
    product::find(connection, product_id)?;
    let wanted: Vec<&str> = codes.iter().map(String::as_str).collect();
    let returned = order.map_or(Returned::Codes(&wanted), Returned::Order);
    let resold = connection.transaction(|connection| {
        let resold = resale::resell(connection, product_id, returned, by, reason)?;
        notice::forget_if_above(connection, product_id)?;
        Ok::<_, Failure>(resold)
    })?;
    codes.retain(|code| !resold.contains(code));
    Ok(Resold { product_id: product_id.to_owned(), resold, not_returned: codes })
}

//! `ops product`

mod add;
mod list;
mod set;

use alipay::Fen;
use store::stock::StockLevel;

use crate::cli::table::list;
use crate::operations::product::ListedProduct;

group! {
    /// Add, change and list products
    ///
    /// Example: ops product list
    ProductArgs {
        Add(add::ProductAddArgs),
        Set(set::ProductSetArgs),
        List(list::ProductListArgs),
    }
}

fn product_table(products: &[ListedProduct]) -> String {
    let count = |count: fn(&StockLevel) -> i64| {
        move |product: &ListedProduct| product.stock.as_ref().map(count)
    };
    list(products)
        .column("id", |product| &product.id)
        .column("kind", |product| product.kind)
        .column("price", |product| Fen::new(product.price))
        .optional("days", |product| product.days)
        .optional("available", count(|level| level.available))
        .optional("delivered", count(|level| level.delivered))
        .optional("returned", count(|level| level.returned))
        .optional("waiting", count(|level| level.waiting_units))
        .optional("low at", |product| product.low_stock)
        .column("on sale", |product| if product.on_sale { "yes" } else { "no" })
        .column("name", |product| &product.name)
        .spare(&["returned", "days", "low at", "delivered", "kind"])
        .text()
}

//! `ops product`

mod add;
mod list;
mod set;

use serde::Serialize;
use store::stock::StockLevel;

use crate::cli::output::{Table, or_empty};

group! {
    /// Add, change and list what the shop sells
    ///
    /// Example: ops product list
    ProductArgs {
        Add(add::ProductAddArgs),
        Set(set::ProductSetArgs),
        List(list::ProductListArgs),
    }
}

/// A product as it is printed.
#[derive(Serialize)]
struct ProductLine<'a> {
    id: &'a str,
    name: &'a str,
    kind: &'static str,
    /// Fen.
    price: i64,
    days: Option<i32>,
    /// Whether it takes new orders.
    on_sale: bool,
    /// With so many available codes or fewer the stock is low.
    low_stock: Option<i32>,
    /// The codes of a stock product, where they were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<&'a StockLevel>,
}

impl<'a> From<&'a store::product::Product> for ProductLine<'a> {
    fn from(product: &'a store::product::Product) -> ProductLine<'a> {
        ProductLine {
            id: &product.id,
            name: &product.name,
            kind: product.kind.as_str(),
            price: product.price.get(),
            days: product.days,
            on_sale: product.on_sale,
            low_stock: None,
            stock: None,
        }
    }
}

fn product_table(products: &[ProductLine<'_>]) -> String {
    Table::new(
        [
            "id",
            "kind",
            "price",
            "days",
            "available",
            "delivered",
            "returned",
            "waiting",
            "low at",
            "on sale",
            "name",
        ],
        products.iter().map(|product| {
            let count = |count: fn(&StockLevel) -> i64| {
                product.stock.map(|level| count(level).to_string()).unwrap_or_default()
            };
            [
                product.id.to_owned(),
                product.kind.to_owned(),
                alipay::Fen::new(product.price).to_string(),
                or_empty(product.days.as_ref()),
                count(|level| level.available),
                count(|level| level.delivered),
                count(|level| level.returned),
                count(|level| level.waiting_units),
                or_empty(product.low_stock.as_ref()),
                if product.on_sale { "yes" } else { "no" }.to_owned(),
                product.name.to_owned(),
            ]
        }),
    )
    .spare(&["returned", "days", "low at", "delivered", "kind"])
    .text()
}

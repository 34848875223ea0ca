//! `ops product`

mod add;
mod list;

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;
use crate::output::{or_empty, table};

/// Add and list what the shop sells
#[derive(Args)]
pub(crate) struct Product {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Add(add::Add),
    List(list::List),
}

impl Product {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::Add(verb) => verb.run(context),
            Verb::List(verb) => verb.run(context),
        }
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
}

impl<'a> From<&'a store::product::Product> for ProductLine<'a> {
    fn from(product: &'a store::product::Product) -> ProductLine<'a> {
        ProductLine {
            id: &product.id,
            name: &product.name,
            kind: product.kind.as_str(),
            price: product.price.get(),
            days: product.days,
        }
    }
}

fn product_table(products: &[ProductLine<'_>]) -> String {
    table(
        ["id", "kind", "price", "days", "name"],
        products.iter().map(|product| {
            [
                product.id.to_owned(),
                product.kind.to_owned(),
                alipay::Fen::new(product.price).to_string(),
                or_empty(product.days.as_ref()),
                product.name.to_owned(),
            ]
        }),
    )
}

//! `ops product set`

use clap::Args;
use order::ProductKind;
use store::product;
use store::report::set_low_stock;

use super::{ProductLine, product_table};
use crate::context::Context;
use crate::failure::Failure;

/// Change the threshold at which the stock of a product is low
///
/// Example: ops product set gift-100 --low-stock 20
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Set {
    /// The product, of kind stock
    id: String,
    /// Warn when so many codes or fewer are available (status, stock list, event product.low_stock); 0 never warns
    #[arg(long, value_parser = clap::value_parser!(i32).range(0..), value_name = "COUNT")]
    low_stock: i32,
}

impl Set {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let products = product::by_ids(&mut connection, &[&self.id])?;
        let Some(product) = products.first() else {
            return Err(Failure::No(format!("there is no product {}", self.id)));
        };
        if product.kind != ProductKind::Stock {
            let kind = product.kind.as_str();
            return Err(Failure::No(format!("product {} is of kind {kind}: no codes", self.id)));
        }
        let low_stock = Some(self.low_stock).filter(|threshold| *threshold > 0);
        set_low_stock(&mut connection, &self.id, low_stock)?;
        let line = ProductLine { low_stock, ..ProductLine::from(product) };
        context.output.print(&line, || product_table(std::slice::from_ref(&line)))
    }
}

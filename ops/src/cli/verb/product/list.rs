//! `ops product list`

use clap::Args;
use store::{product, stock};

use super::{ProductLine, product_table};
use crate::cli::context::Context;
use crate::failure::Failure;

/// List all products, with their codes available, delivered, returned, and wanted by waiting orders
///
/// Example: ops product list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ProductListArgs {}

impl ProductListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let products = product::list(&mut connection)?;
        let levels = stock::levels(&mut connection)?;
        let lines: Vec<ProductLine<'_>> = products
            .iter()
            .map(|product| {
                let stock = levels.iter().find(|level| level.product_id == product.id);
                let low_stock = stock.and_then(|level| level.low_stock);
                ProductLine { low_stock, stock, ..ProductLine::from(product) }
            })
            .collect();
        context.output.print(&lines, || product_table(&lines))
    }
}

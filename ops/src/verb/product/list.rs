//! `ops product list`

use clap::Args;
use store::product;

use super::{ProductLine, product_table};
use crate::context::Context;
use crate::failure::Failure;

/// List all products
///
/// Example: ops product list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct List {}

impl List {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let products = product::list(&mut *context.database()?)?;
        let lines: Vec<ProductLine<'_>> = products.iter().map(ProductLine::from).collect();
        context.output.print(&lines, || product_table(&lines))
    }
}

//! `ops product list`

use clap::Args;

use super::product_table;
use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::product;

/// List all products with their numbers of codes: available, delivered, returned, missing for waiting orders
///
/// Example: ops product list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ProductListArgs {}

impl ProductListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let products = product::list(&mut *context.database()?)?;
        context.output.print(&products, || product_table(&products))
    }
}

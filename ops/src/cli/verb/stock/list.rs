//! `ops stock list`

use clap::Args;
use store::stock::{self, StockLevel};

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;

/// List the codes of each product: available, delivered, returned, and the orders that wait
///
/// Example: ops stock list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct StockListArgs {}

impl StockListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let levels = stock::levels(&mut *context.database()?)?;
        context.output.print(&levels, || {
            list(&levels)
                .column("product", |level| &level.product_id)
                .column("available", |level| level.available)
                .column("delivered", |level| level.delivered)
                .column("returned", |level| level.returned)
                .column("waiting orders", |level| level.waiting_orders)
                .column("waiting units", |level| level.waiting_units)
                .optional("low at", |level| level.low_stock)
                .column("", mark)
                .column("name", |level| &level.name)
                .spare(&["returned", "waiting orders", "low at", "delivered"])
                .text()
        })
    }
}

fn mark(level: &StockLevel) -> &'static str {
    match (level.on_sale, level.is_low()) {
        (false, _) => "off sale",
        (true, true) => "low",
        (true, false) => "",
    }
}

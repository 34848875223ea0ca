//! `ops stock list`

use clap::Args;
use store::stock;

use crate::cli::context::Context;
use crate::cli::output::{Table, or_empty};
use crate::failure::Failure;

/// List per product: codes available, delivered, returned, and who waits
///
/// Example: ops stock list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct StockListArgs {}

impl StockListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let levels = stock::levels(&mut *context.database()?)?;
        context.output.print(&levels, || {
            Table::new(
                [
                    "product",
                    "available",
                    "delivered",
                    "returned",
                    "waiting orders",
                    "waiting units",
                    "low at",
                    "",
                    "name",
                ],
                levels.iter().map(|level| {
                    [
                        level.product_id.clone(),
                        level.available.to_string(),
                        level.delivered.to_string(),
                        level.returned.to_string(),
                        level.waiting_orders.to_string(),
                        level.waiting_units.to_string(),
                        or_empty(level.low_stock.as_ref()),
                        match (level.on_sale, level.is_low()) {
                            (false, _) => "off sale",
                            (true, true) => "low",
                            (true, false) => "",
                        }
                        .to_owned(),
                        level.name.clone(),
                    ]
                }),
            )
            .spare(&["returned", "waiting orders", "low at", "delivered"])
            .text()
        })
    }
}

//! `ops order undelivered`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;
use crate::operations::order::undelivered::undelivered;
use crate::text::age;

/// List every paid order whose goods are not with the buyer: since when, why, and who acts next
///
/// Also lists orders that are not paid here, and of which a message that waits in a retry tier or for the end of a
/// pause, or is a dead letter, may say that they are. The longest comes first. Who acts next: worker (by itself),
/// alipay (its gateway is asked), review (a person decides), stock (import codes), shop (names the account, or makes
/// its own account at Alipay able to receive), dead_letters (replay them), pause (end it), retries (a
/// message did not come back from its tier: `ops retries list`), audit (`ops audit`). `ops order show` says what happened
/// and what to do.
///
/// Example: ops order undelivered
/// Example: ops order undelivered --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OrderUndeliveredArgs {
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
    /// How many to pass over first
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    skip: i64,
}

impl OrderUndeliveredArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let orders = undelivered(&mut *context.database()?, self.skip, self.limit)?;
        context.output.print(&orders, || {
            list(&orders)
                .column("order", |order| &order.order)
                .optional("merchant", |order| order.merchant.as_ref())
                .optional("product", |order| order.product_id.as_ref())
                .column("since", |order| order.since)
                .column("age", |order| age(order.age_seconds))
                .column("acts next", |order| order.owner)
                .column("why", |order| &order.what)
                .spare(&["merchant", "since", "product"])
                .text()
        })
    }
}

//! `ops stock withdrawals`

use clap::Args;
use store::stock::withdrawal;

use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;

/// List the withdrawals from the stock, the latest first
///
/// `ops stock withdraw --again` prints the codes of one, `ops stock put-back` puts them back into sale.
///
/// Example: ops stock withdrawals --product gift-100 --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct WithdrawalsArgs {
    /// Only of this product
    #[arg(long, value_name = "PRODUCT_ID")]
    product: Option<String>,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

impl WithdrawalsArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let rows = withdrawal::list(&mut connection, self.product.as_deref(), self.limit)?;
        context.output.print(&rows, || {
            list(&rows)
                .column("id", |row| row.id)
                .column("at", |row| row.taken_at)
                .column("product", |row| &row.product_id)
                .column("codes", |row| row.codes)
                .column("by", |row| &row.taken_by)
                .column("reason", |row| &row.reason)
                .optional("put back", |row| row.put_back_at)
                .optional("by", |row| row.put_back_by.as_ref())
                .optional("reason", |row| row.put_back_reason.as_ref())
                .text()
        })
    }
}

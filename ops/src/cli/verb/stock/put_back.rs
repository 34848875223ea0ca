//! `ops stock put-back`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::stock::withdraw;
use crate::plural::count;

/// Put the codes of a withdrawal back into sale, all of them
///
/// Who and why is recorded with the withdrawal, which can be put back once. Codes that the product has again by another
/// import are left as they are.
///
/// Example: ops stock put-back 17 --reason "the disk was full" --by ann
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PutBackArgs {
    /// The number of the withdrawal, see ops stock withdrawals
    #[arg(value_name = "ID")]
    id: i64,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Put back codes that another product has got meanwhile, too: they can be sold twice
    #[arg(long)]
    also_in_other_products: bool,
    #[command(flatten)]
    operator: Operator,
}

impl PutBackArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let (by, reason) = (self.operator.name()?, self.reason.trim());
        let mut connection = context.database()?;
        let result =
            withdraw::put_back(&mut connection, self.id, by, reason, self.also_in_other_products)?;
        context.output.print(&result, || {
            let (codes, product) = (count(result.put_back, "code"), &result.product_id);
            format!("put back {codes} of {product}, already there {}", result.already_there)
        })
    }
}

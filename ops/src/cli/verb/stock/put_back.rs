//! `ops stock put-back`

use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::stock::withdraw;
use crate::plural::count;

/// Put all codes of a withdrawal back into sale
///
/// Records who does it and why. A withdrawal can be put back once. Codes that another import has added to the product
/// meanwhile stay as they are.
///
/// Example: ops stock put-back 17 --reason "the disk was full" --by ann
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct PutBackArgs {
    /// The number of the withdrawal, as `ops stock withdrawals` prints it
    #[arg(value_name = "ID")]
    id: i64,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    /// Also put back codes that another product has meanwhile: they can be sold twice
    #[arg(long)]
    also_in_other_products: bool,
    #[command(flatten)]
    operator: Operator,
}

impl PutBackArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let (by, reason) = (self.operator.name()?, self.reason.trim());
        let act = Act::new(Actor::of_verb(Some(by)), OperatorAction::PutBackCodes, self.id)
            .because(reason);
        let result = context.recorded(&act, |change| {
            let (mut connection, also) = (context.database()?, self.also_in_other_products);
            let result = withdraw::put_back(&mut connection, self.id, by, reason, also)?;
            change.to(json!({ "product": result.product_id, "put_back": result.put_back }));
            Ok(result)
        })?;
        context.output.print(&result, || {
            let (codes, product) = (count(result.put_back, "code"), &result.product_id);
            format!("put back {codes} of {product}, already there {}", result.already_there)
        })
    }
}

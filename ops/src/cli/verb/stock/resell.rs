//! `ops stock resell`

use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::operator::{Operator, why};
use crate::cli::output::plain;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::stock::resell::resell;

/// Sell returned codes again
///
/// A buyer has had a returned code, so it is not sold again automatically, unless `ops product set --resell-returned yes` is
/// set. Use this if you know that nobody has used the code. Who, when and why is recorded in the table stock_resale; the
/// order that returned the code shows it as resold.
///
/// Example: ops stock resell gift-100 --code AAAA-1111 --reason "checked with the issuer: unused" --by ann
/// Example: ops stock resell gift-100 --order A-1001 --reason "never shown to the buyer"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ResellArgs {
    /// The product
    product_id: String,
    /// This code; can be given several times
    #[arg(
        long = "code",
        value_name = "CODE",
        conflicts_with = "order",
        required_unless_present = "order"
    )]
    codes: Vec<String>,
    /// All codes that this order returned
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,
    /// How you know that nobody has used them
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

impl ResellArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let ResellArgs { product_id: id, codes, order, reason, operator } = self;
        let (reason, by) = (why(&reason)?, operator.name()?);
        let act =
            Act::new(Actor::of_verb(Some(by)), OperatorAction::ResellCodes, &id).because(reason);
        let result = context.recorded(&act, |change| {
            let order = order.as_deref();
            let result = resell(&mut *context.database()?, &id, codes, order, by, reason)?;
            change.to(json!({ "order": order, "resold": result.resold.len() }));
            Ok(result)
        })?;
        context.output.print(&result, || {
            result.resold.iter().map(|code| format!("on sale again: {}\n", plain(code))).collect()
        })?;
        if let Some(order) = order.filter(|_| result.resold.is_empty()) {
            return Err(Failure::Refused(format!("order {order} has no returned codes of {id}")));
        }
        match result.not_returned.join(", ") {
            none if none.is_empty() => Ok(()),
            codes => {
                Err(Failure::Refused(format!("not a returned code of {id}: {}", plain(&codes))))
            }
        }
    }
}

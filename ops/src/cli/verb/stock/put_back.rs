//! `ops stock put-back`

use clap::Args;
use serde::Serialize;
use store::stock::withdrawal;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::stock::intake::{self, KnownCodes};
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

#[derive(Serialize)]
struct Back<'a> {
    withdrawal: i64,
    product_id: &'a str,
    put_back: usize,
    /// Codes that the product has again by another import.
    already_there: usize,
}

impl PutBackArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let by = self.operator.name()?;
        let id = self.id;
        let mut connection = context.database()?;
        // Two at once: the second one waits and sees what the first has noted.
        intake::lock(&mut connection)?;
        let Some(withdrawal) = withdrawal::find(&mut connection, id, false)? else {
            return Err(Failure::Refused(format!(
                "there is no withdrawal {id}: ops stock withdrawals lists them"
            )));
        };
        if let (Some(at), Some(who)) = (withdrawal.put_back_at, &withdrawal.put_back_by) {
            return Err(Failure::Refused(format!("withdrawal {id} was put back at {at} by {who}")));
        }
        let product_id = &withdrawal.product_id;
        let codes = withdrawal::codes(&mut connection, id)?;
        let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
        let known = KnownCodes::look(&mut connection, product_id, &codes)?;
        if let Some(other) = known.elsewhere.first().filter(|_| !self.also_in_other_products) {
            return Err(Failure::Refused(format!(
                "nothing was put back: product {} or others have {} of the codes by now, and each would be sold twice; \
                 say --also-in-other-products to put them back all the same",
                other.product_id,
                known.elsewhere.len()
            )));
        }
        let put_back = intake::add(&mut connection, product_id, &codes, |connection| {
            Ok(withdrawal::note_put_back(connection, id, by, self.reason.trim())?)
        })?;
        let already_there = codes.len() - put_back;
        let result = Back { withdrawal: id, product_id, put_back, already_there };
        context.output.print(&result, || {
            format!(
                "put back {} of {product_id}, already there {already_there}",
                count(put_back, "code")
            )
        })
    }
}

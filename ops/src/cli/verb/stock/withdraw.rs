//! `ops stock withdraw`

use clap::Args;
use order::OperatorAction;
use serde_json::json;
use store::stock::withdrawal::NewWithdrawal;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::cli::output::{check_stdout_is_open, plain};
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::stock::withdraw::{Withdrawn, withdraw, withdrawn};
use crate::plural;

/// Take available codes out of the stock and print them
///
/// Codes that a buyer has or had stay in the stock. First it records who withdraws which codes, when and why. Then it prints
/// the codes unchanged, one a line in the order of their import, so that you can import them again (here or for another
/// product); with --output json as a list. If the output is lost (a full disk, a closed pipe: 3), --again prints them once
/// more, and `ops stock put-back` puts them back into sale. --count takes the codes that were imported last. If there are
/// fewer, it takes these, says so, and exits with 1.
///
/// Example: ops stock withdraw gift-100 --code AAAA-1111 --code AAAA-2222 --reason "sold in the shop in town"
/// Example: ops stock withdraw gift-100 --count 50 > codes.txt
/// Example: ops stock withdraw --again 17 > codes.txt
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct WithdrawArgs {
    /// The product, of kind stock
    #[arg(required_unless_present = "again")]
    product_id: Option<String>,
    /// This code; can be given several times
    #[arg(long = "code", value_name = "CODE")]
    codes: Vec<String>,
    /// How many codes
    #[arg(
        long,
        value_parser = clap::value_parser!(i64).range(1..=100_000),
        conflicts_with = "codes",
        required_unless_present_any = ["codes", "again"]
    )]
    count: Option<i64>,
    /// Print the codes of this withdrawal again; `ops stock withdrawals` lists the numbers
    #[arg(long, value_name = "ID", conflicts_with_all = ["product_id", "codes", "count", "reason"])]
    again: Option<i64>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

impl WithdrawArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        check_stdout_is_open()?;
        let mut connection = context.database()?;
        if let Some(id) = self.again {
            return print(context, &withdrawn(&mut connection, id)?);
        }
        let Some(product_id) = &self.product_id else {
            return Err(Failure::Usage("say which product".to_owned()));
        };
        let taken_by = self.operator.name_or_unknown()?;
        let new = NewWithdrawal { product_id, taken_by, reason: self.reason.trim() };
        let count = self.count.unwrap_or_default();
        let act =
            Act::new(Actor::of_verb(Some(taken_by)), OperatorAction::WithdrawCodes, product_id);
        let result = context.recorded(&act.because(&self.reason), |change| {
            let result = withdraw(&mut connection, &new, self.codes, count)?;
            let (withdrawal, codes) = (result.withdrawal, result.withdrawn.len());
            change.to(json!({ "withdrawal": withdrawal, "codes": codes }));
            Ok(result)
        })?;
        print(context, &result)?;
        if !result.not_available.is_empty() {
            let codes = result.not_available.join(", ");
            return Err(Failure::Refused(format!("not available: {}", plain(&codes))));
        }
        let there = result.withdrawn.len();
        if count.unsigned_abs() as usize > there {
            return Err(Failure::Refused(format!(
                "only {} {} available",
                plural::count(there, "code"),
                plural::verb(there, "was", "were")
            )));
        }
        Ok(())
    }
}

/// Prints the codes; says how to get them again, also where not all could be printed.
fn print(context: &Context, result: &Withdrawn) -> Result<(), Failure> {
    let printed = context.output.print_exactly(result, &result.withdrawn);
    let Some(id) = result.withdrawal else { return printed };
    let codes = plural::count(result.withdrawn.len(), "code");
    match printed {
        Ok(()) => {
            // The reader of stdout may have ended before it read all of it, which cannot be seen from here.
            tracing::info!(
                "withdrawal {id}: {codes}; ops stock withdraw --again {id} prints it again"
            );
            Ok(())
        }
        Err(failure) => Err(Failure::CouldNotAsk(format!(
            "{failure}: not all of {codes} could be printed. They are out of the stock and recorded as \
             withdrawal {id}: `ops stock withdraw --again {id}` prints them again, `ops stock put-back {id}` puts them \
             back into sale"
        ))),
    }
}

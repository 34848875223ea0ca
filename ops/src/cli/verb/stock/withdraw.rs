//! `ops stock withdraw`

use clap::Args;
use diesel::Connection as _;
use serde::Serialize;
use store::stock::withdrawal::{self, NewWithdrawal};

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::cli::output::{check_stdout_is_open, plain};
use crate::failure::Failure;
use crate::operations::product;
use crate::plural;

/// Take available codes out of the stock
///
/// Codes that a buyer has or had stay on record. Who, when, why and the codes themselves are recorded first, then the codes
/// are printed as they are, one a line in the order of their import, so that they can be imported again (here or for another
/// product): with --output json as a list. Where the output is lost (a full disk, a closed pipe: 3), --again prints them
/// once more, and ops stock put-back puts them back into sale. --count takes those that were imported last; where there are
/// fewer it takes these, says so, and ends with 1.
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
    /// So many
    #[arg(
        long,
        value_parser = clap::value_parser!(i64).range(1..=100_000),
        conflicts_with = "codes",
        required_unless_present_any = ["codes", "again"]
    )]
    count: Option<i64>,
    /// Print the codes of this withdrawal again; ops stock withdrawals lists them
    #[arg(long, value_name = "ID", conflicts_with_all = ["product_id", "codes", "count", "reason"])]
    again: Option<i64>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Serialize)]
struct Withdrawn<'a> {
    product_id: &'a str,
    /// Its number; null when no code was taken.
    withdrawal: Option<i64>,
    withdrawn: Vec<String>,
    /// Codes that were asked for and are not available.
    not_available: Vec<&'a str>,
}

impl WithdrawArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        check_stdout_is_open()?;
        match (self.again, &self.product_id) {
            (Some(id), _) => again(context, id),
            (None, Some(product_id)) => self.withdraw(context, product_id),
            (None, None) => Err(Failure::Usage("say which product".to_owned())),
        }
    }

    fn withdraw(&self, context: &Context, product_id: &str) -> Result<(), Failure> {
        let mut connection = context.database()?;
        product::find(&mut connection, product_id)?;
        let codes: Vec<&str> = self.codes.iter().map(String::as_str).collect();
        let count = self.count.unwrap_or_default();
        let new = NewWithdrawal {
            product_id,
            taken_by: self.operator.name_or_unknown()?,
            reason: self.reason.trim(),
        };
        let withdrawal = connection.transaction(|connection| {
            Ok::<_, Failure>(withdrawal::withdraw(connection, &new, &codes, count)?)
        })?;
        service::crash_point!("stock_withdraw.recorded");
        let withdrawn = match withdrawal {
            Some(id) => withdrawal::codes(&mut connection, id)?,
            None => Vec::new(),
        };
        let not_available: Vec<&str> =
            codes.into_iter().filter(|code| !withdrawn.iter().any(|other| other == code)).collect();
        let short = count.unsigned_abs() as usize > withdrawn.len();
        let result = Withdrawn { product_id, withdrawal, withdrawn, not_available };
        result.print(context)?;
        if !result.not_available.is_empty() {
            let codes = result.not_available.join(", ");
            return Err(Failure::Refused(format!("not available: {}", plain(&codes))));
        }
        if short {
            let there = result.withdrawn.len();
            return Err(Failure::Refused(format!(
                "only {} {} available",
                plural::count(there, "code"),
                plural::verb(there, "was", "were")
            )));
        }
        Ok(())
    }
}

fn again(context: &Context, id: i64) -> Result<(), Failure> {
    let mut connection = context.database()?;
    let Some(withdrawal) = withdrawal::find(&mut connection, id, false)? else {
        return Err(Failure::Refused(format!(
            "there is no withdrawal {id}: ops stock withdrawals lists them"
        )));
    };
    let result = Withdrawn {
        product_id: &withdrawal.product_id,
        withdrawal: Some(id),
        withdrawn: withdrawal::codes(&mut connection, id)?,
        not_available: Vec::new(),
    };
    result.print(context)
}

impl Withdrawn<'_> {
    fn print(&self, context: &Context) -> Result<(), Failure> {
        let printed = context.output.print_exactly(self, &self.withdrawn);
        let Some(id) = self.withdrawal else { return printed };
        let count = self.withdrawn.len();
        match printed {
            Ok(()) => {
                // The reader of stdout may have ended before it read all of it, which cannot be seen from here.
                tracing::info!(
                    "withdrawal {id}: {}; ops stock withdraw --again {id} prints it again",
                    plural::count(count, "code")
                );
                Ok(())
            }
            Err(failure) => Err(Failure::CouldNotAsk(format!(
                "{failure}: not all of {} could be printed. They are out of the stock and recorded as \
                 withdrawal {id}: `ops stock withdraw --again {id}` prints them again, `ops stock put-back {id}` puts them \
                 back into sale",
                plural::count(count, "code")
            ))),
        }
    }
}

//! `ops stock withdraw`

use clap::Args;
use diesel::Connection as _;
use serde::Serialize;
use store::{product, report};

use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain;

/// Take available codes out of the stock
///
/// Codes that a buyer has or had stay on record. The codes are printed, so that they can be imported again
/// (here or for another product): with --output json as a list. --count takes those that were imported last.
///
/// Example: ops stock withdraw gift-100 --code AAAA-1111 --code AAAA-2222
/// Example: ops stock withdraw gift-100 --count 50 > codes.txt
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Withdraw {
    /// The product, of kind stock
    product_id: String,
    /// This code; can be given several times
    #[arg(long = "code", value_name = "CODE")]
    codes: Vec<String>,
    /// So many
    #[arg(
        long,
        value_parser = clap::value_parser!(i64).range(1..=100_000),
        conflicts_with = "codes",
        required_unless_present = "codes"
    )]
    count: Option<i64>,
}

#[derive(Serialize)]
struct Withdrawn<'a> {
    product_id: &'a str,
    withdrawn: Vec<String>,
    /// Codes that were asked for and are not available.
    not_available: Vec<&'a str>,
}

impl Withdraw {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        if product::by_ids(&mut connection, &[&self.product_id])?.is_empty() {
            return Err(Failure::No(format!("there is no product {}", self.product_id)));
        }
        let codes: Vec<&str> = self.codes.iter().map(String::as_str).collect();
        let count = self.count.unwrap_or_default();
        let withdrawn = connection.transaction(|connection| {
            Ok::<_, Failure>(report::withdraw(connection, &self.product_id, &codes, count)?)
        })?;
        let not_available: Vec<&str> =
            codes.into_iter().filter(|code| !withdrawn.iter().any(|other| other == code)).collect();
        let short = count.unsigned_abs() as usize > withdrawn.len();
        let result = Withdrawn { product_id: &self.product_id, withdrawn, not_available };
        context.output.print(&result, || {
            result.withdrawn.iter().map(|code| format!("{}\n", plain(code))).collect()
        })?;
        if !result.not_available.is_empty() {
            let codes = result.not_available.join(", ");
            return Err(Failure::No(format!("not available: {}", plain(&codes))));
        }
        if short {
            let there = result.withdrawn.len();
            return Err(Failure::No(format!("only {there} codes were available")));
        }
        Ok(())
    }
}

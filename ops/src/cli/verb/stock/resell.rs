//! `ops stock resell`

use clap::Args;
use diesel::Connection as _;
use serde::Serialize;
use store::stock::notice;
use store::stock::resale::{self, Returned};

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::cli::output::plain;
use crate::failure::Failure;
use crate::operations::product;

/// Put codes that came back on sale again
///
/// A returned code has been with a buyer, so it is not sold again by itself (but where ops product set --resell-returned yes
/// says so). Here a person who knows that nobody has used it says so. Who, when and why is recorded in the table
/// stock_resale; the order that returned it shows the code as resold.
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
    /// Why it is certain that nobody has used them
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Serialize)]
struct Resold<'a> {
    product_id: &'a str,
    resold: Vec<String>,
    /// Codes that were asked for and are not returned ones of this product.
    not_returned: Vec<&'a str>,
}

impl ResellArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let reason = self.reason.trim();
        if reason.is_empty() {
            return Err(Failure::Usage("--reason: say why".to_owned()));
        }
        let by = self.operator.name()?;
        let mut connection = context.database()?;
        let id = &self.product_id;
        product::find(&mut connection, id)?;
        let codes: Vec<&str> = self.codes.iter().map(String::as_str).collect();
        let returned = match &self.order {
            Some(order) => Returned::Order(order),
            None => Returned::Codes(&codes),
        };
        let resold = connection.transaction(|connection| {
            let resold = resale::resell(connection, id, returned, by, reason)?;
            notice::forget_if_above(connection, id)?;
            Ok::<_, Failure>(resold)
        })?;
        let not_returned: Vec<&str> =
            codes.into_iter().filter(|code| !resold.iter().any(|other| other == code)).collect();
        let result = Resold { product_id: id, resold, not_returned };
        context.output.print(&result, || {
            result.resold.iter().map(|code| format!("on sale again: {}\n", plain(code))).collect()
        })?;
        if let Some(order) = self.order.as_ref().filter(|_| result.resold.is_empty()) {
            return Err(Failure::Refused(format!("order {order} has no returned codes of {id}")));
        }
        if !result.not_returned.is_empty() {
            let codes = result.not_returned.join(", ");
            return Err(Failure::Refused(format!(
                "not a returned code of {id}: {}",
                plain(&codes)
            )));
        }
        Ok(())
    }
}

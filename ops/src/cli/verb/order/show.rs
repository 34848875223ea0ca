//! `ops order show`

use clap::Args;

use crate::cli::context::Context;
use crate::cli::order_text;
use crate::cli::output::Output;
use crate::failure::Failure;
use crate::operations::order::details::look_up;

/// Show an order: its state, its history, and what was not done and why
///
/// The text lists in Beijing time what arrived and how often, whether its signature is valid with today's keys,
/// retries, facts, the status before and after, goods, events. JSON holds all columns of the order, its goods,
/// trades, refunds, reviews, events, and `story`: every notification with what it changed. If the order does not
/// exist, it says which messages wait for it or were rejected, and exits with 1.
/// --redact hides the buyer, the codes and names, for example for a support request.
///
/// Example: ops order show A-1001
/// Example: ops order show A-1001 --redact --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OrderShowArgs {
    /// Its id (out_trade_no)
    id: String,
    /// Hide the buyer's data, codes and names
    #[arg(long)]
    redact: bool,
}

impl OrderShowArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let found = look_up(&mut *context.database()?, &context.config, &self.id, self.redact)?;
        let page = match found {
            Ok(page) => page,
            Err(missing) => {
                if context.output == Output::Json {
                    context.output.print(&missing, String::new)?;
                }
                return Err(Failure::Refused(missing.text()));
            }
        };
        context.output.print(&page, || order_text::story(&page))
    }
}

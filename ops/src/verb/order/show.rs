//! `ops order show`

use clap::Args;
use store::report::snapshot;

use crate::context::Context;
use crate::failure::Failure;
use crate::order_page::OrderPage;
use crate::order_story;

/// Show an order: what it is, what happened, and what was not done and why
///
/// The text reads like a story, in Beijing time. JSON holds all columns of the order, its goods, trades,
/// refunds, reviews, events, and `story`: every notification with what it changed.
///
/// Example: ops order show A-1001 --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Show {
    /// Its id (out_trade_no)
    id: String,
}

impl Show {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let page = snapshot(&mut connection, |connection| OrderPage::read(connection, &self.id))?;
        let Some(page) = page else {
            return Err(Failure::No(format!("there is no order {}", self.id)));
        };
        context.output.print(&page, || order_story::tell(&page))
    }
}

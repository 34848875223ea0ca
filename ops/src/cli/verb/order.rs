//! `ops order`

mod account;
mod create;
mod import;
mod list;
mod show;

use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::failure::Failure;

/// Place orders and look at them
///
/// Example: ops order list --needs-review
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Order {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Create(create::Create),
    Account(account::Account),
    Import(import::Import),
    Show(show::Show),
    List(list::List),
}

impl Order {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::Create(verb) => verb.run(context),
            Verb::Account(verb) => verb.run(context),
            Verb::Import(verb) => verb.run(context),
            Verb::Show(verb) => verb.run(context),
            Verb::List(verb) => verb.run(context),
        }
    }
}

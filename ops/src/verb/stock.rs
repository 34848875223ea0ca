//! `ops stock`

mod code_file;
mod import;
mod list;
mod withdraw;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

/// Import codes, look at the stock, take codes out again
///
/// Example: ops stock list
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Stock {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Import(import::Import),
    List(list::List),
    Withdraw(withdraw::Withdraw),
}

impl Stock {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::Import(verb) => verb.run(context),
            Verb::List(verb) => verb.run(context),
            Verb::Withdraw(verb) => verb.run(context),
        }
    }
}

//! `ops stock`

mod import;
mod list;
mod put_back;
mod resell;
mod withdraw;
mod withdrawals;

use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::failure::Failure;

/// Import codes, look at the stock, take codes out and put them back
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
    Withdrawals(withdrawals::Withdrawals),
    PutBack(put_back::PutBack),
    Resell(resell::Resell),
}

impl Stock {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::Import(verb) => verb.run(context),
            Verb::List(verb) => verb.run(context),
            Verb::Withdraw(verb) => verb.run(context),
            Verb::Withdrawals(verb) => verb.run(context),
            Verb::PutBack(verb) => verb.run(context),
            Verb::Resell(verb) => verb.run(context),
        }
    }
}

//! `ops stock`

mod code_file;
mod import;
mod list;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

/// Import codes and look at the stock
#[derive(Args)]
pub(crate) struct Stock {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Import(import::Import),
    List(list::List),
}

impl Stock {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::Import(verb) => verb.run(context),
            Verb::List(verb) => verb.run(context),
        }
    }
}

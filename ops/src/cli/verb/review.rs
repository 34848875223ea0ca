//! `ops review`

mod decide;
mod list;
mod show;

use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::failure::Failure;

/// What needs a person: list the cases, look at one, decide it
///
/// A notification that disagrees with its order (amount, seller, application) is a dead letter with its
/// evidence and no case here: see `ops dlq list --group`; it ends with a replay or a discard.
///
/// Example: ops review list
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Review {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    List(list::List),
    Show(show::Show),
    Decide(decide::Decide),
}

impl Review {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::List(verb) => verb.run(context),
            Verb::Show(verb) => verb.run(context),
            Verb::Decide(verb) => verb.run(context),
        }
    }
}

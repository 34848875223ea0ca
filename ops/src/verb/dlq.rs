//! `ops dlq`

mod list;
mod replay;
mod show;

use clap::{Args, Subcommand};

use crate::context::Context;
use crate::failure::Failure;

/// Dead letters: messages that need a person
///
/// Looking at them changes nothing, but a message that somebody looks at is out of sight for others
/// for that moment.
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Dlq {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    List(list::List),
    Show(show::Show),
    Replay(replay::Replay),
}

impl Dlq {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::List(verb) => verb.run(context),
            Verb::Show(verb) => verb.run(context),
            Verb::Replay(verb) => verb.run(context),
        }
    }
}

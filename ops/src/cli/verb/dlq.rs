//! `ops dlq`

mod discard;
mod filter;
mod history;
mod list;
mod replay;
mod show;

use clap::{Args, Subcommand};

use crate::cli::context::Context;
use crate::failure::Failure;

/// Dead letters: messages that need a person
///
/// Looking at them changes nothing. One operator at a time is at the letters; another one waits for a
/// moment, and always sees all of them.
///
/// Example: ops dlq list --group
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
    Discard(discard::Discard),
    History(history::History),
}

impl Dlq {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        match self.verb {
            Verb::List(verb) => verb.run(context),
            Verb::Show(verb) => verb.run(context),
            Verb::Replay(verb) => verb.run(context),
            Verb::Discard(verb) => verb.run(context),
            Verb::History(verb) => verb.run(context),
        }
    }
}

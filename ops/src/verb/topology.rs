//! `ops topology`

use clap::{Args, Subcommand};
use queue::topology::{self, Change};

use crate::context::Context;
use crate::failure::Failure;

/// Compare the queues of the broker with what should be there, or declare them
///
/// Example: ops topology plan
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Topology {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Print what is missing, without changing anything
    ///
    /// Ends with 1 when something is there and differs: the arguments of a queue cannot be changed, so
    /// the text says what to do.
    ///
    /// Example: ops topology plan
    #[command(verbatim_doc_comment)]
    Plan,
    /// Declare what is missing and print it
    ///
    /// Changes nothing, and ends with 1, when something is there and differs.
    ///
    /// Example: ops topology apply --output json
    #[command(verbatim_doc_comment)]
    Apply,
}

impl Topology {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let events = context.config.events.enabled;
        let (changes, word) = match self.verb {
            Verb::Plan => {
                let plan = async { Ok(topology::plan(&context.broker()?, events).await?) };
                (context.block_on(plan)?, "missing:")
            }
            Verb::Apply => {
                let apply = async { Ok(topology::apply(&context.broker()?, events).await?) };
                (context.block_on(apply)?, "declared")
            }
        };
        context.output.print::<[Change]>(&changes, || {
            if changes.is_empty() {
                return "nothing is missing".to_owned();
            }
            changes.iter().map(|change| format!("{word} {change}\n")).collect()
        })
    }
}

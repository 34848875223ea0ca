//! One file per verb: its arguments, what it does, what it prints.

/// Declares a verb with verbs below it, each with its arguments: runs the one that was given.
macro_rules! group {
    ($(#[$doc:meta])* $group:ident { $($verb:ident($arguments:ty)),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(clap::Args)]
        #[command(verbatim_doc_comment)]
        pub(crate) struct $group {
            #[command(subcommand)]
            verb: Verb,
        }

        #[derive(clap::Subcommand)]
        enum Verb {
            $($verb($arguments)),+
        }

        impl $group {
            pub(crate) fn run(
                self,
                context: &$crate::cli::context::Context,
            ) -> Result<(), $crate::failure::Failure> {
                match self.verb {
                    $(Verb::$verb(verb) => verb.run(context)),+
                }
            }
        }
    };
}

pub(crate) mod audit;
pub(crate) mod certs;
pub(crate) mod check;
pub(crate) mod close;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod console;
pub(crate) mod dlq;
pub(crate) mod man;
pub(crate) mod migrate;
pub(crate) mod order;
pub(crate) mod pay_link;
pub(crate) mod product;
pub(crate) mod query;
pub(crate) mod reconcile;
pub(crate) mod refund;
pub(crate) mod refund_requests;
pub(crate) mod retries;
pub(crate) mod review;
pub(crate) mod status;
pub(crate) mod stock;
pub(crate) mod topology;
pub(crate) mod verify;

use std::io::Read as _;
use std::path::Path;

use crate::failure::Failure;

/// The whole file; `-` is stdin.
fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

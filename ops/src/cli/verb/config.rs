//! `ops config`

mod show;

use std::path::Path;

use clap::{Args, Subcommand};

use crate::cli::output::Output;
use crate::failure::Failure;

/// Show the configuration that programs would run with
///
/// Example: ops config show
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    verb: ConfigVerb,
}

#[derive(Subcommand)]
enum ConfigVerb {
    Show(show::ConfigShowArgs),
}

impl ConfigArgs {
    pub(crate) fn run(self, file: Option<&Path>, output: Output) -> Result<(), Failure> {
        match self.verb {
            ConfigVerb::Show(verb) => verb.run(file, output),
        }
    }
}

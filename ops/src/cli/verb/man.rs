//! `ops man`

use std::path::PathBuf;

use clap::{Args, Command};
use service::command_line;

use crate::failure::Failure;

/// Write the manual pages: one for the program, one for each verb
///
/// Without a folder, prints only the program's page to stdout.
///
/// Example: ops man /usr/local/share/man/man1
/// Example: ops man | man -l -
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ManArgs {
    /// The folder; it is created if it does not exist
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl ManArgs {
    pub(crate) fn run(self, program: Command) -> Result<(), Failure> {
        let folder = self.folder.as_deref();
        command_line::manual(program, folder).map_err(|error| match folder {
            Some(folder) => Failure::Usage(format!("{}: {error}", folder.display())),
            None => Failure::CouldNotAsk(format!("stdout: {error}")),
        })
    }
}

//! `ops man`

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::Man as Page;

use crate::failure::Failure;

/// Write the manual pages: one of the program, one of each verb
///
/// Without a folder the program's page alone goes to stdout.
///
/// Example: ops man /usr/local/share/man/man1
/// Example: ops man | man -l -
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Man {
    /// The folder; it is made where it is not there
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Man {
    pub(crate) fn run(self, mut program: Command) -> Result<(), Failure> {
        // Full names (ops-order-show) and the arguments that every verb has.
        program.build();
        let Some(folder) = self.folder else {
            let mut page = Vec::new();
            let failure = |error| Failure::CouldNotAsk(format!("stdout: {error}"));
            Page::new(program).render(&mut page).map_err(failure)?;
            return std::io::stdout().lock().write_all(&page).map_err(failure);
        };
        let failure = |error| Failure::Usage(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(&folder).map_err(failure)?;
        clap_mangen::generate_to(program, &folder).map_err(failure)
    }
}

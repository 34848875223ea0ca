//! `ops completions`

use std::io::ErrorKind;

use clap::{Args, Command};
use clap_complete::{Shell, generate};

use crate::failure::Failure;

/// Print a completion script for a shell
///
/// Example: ops completions bash > /etc/bash_completion.d/ops
/// Example: ops completions zsh > ~/.zfunc/_ops
/// Example: ops completions fish > ~/.config/fish/completions/ops.fish
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self, mut program: Command) -> Result<(), Failure> {
        let mut script = Vec::new();
        generate(self.shell, &mut program, "ops", &mut script);
        match std::io::Write::write_all(&mut std::io::stdout().lock(), &script) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}"))),
        }
    }
}

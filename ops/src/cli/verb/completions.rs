//! `ops completions`

use clap::{Args, Command};
use service::command_line::{self, Shell};

use crate::failure::Failure;

/// Print a completion script for a shell
///
/// Example: ops completions bash > /etc/bash_completion.d/ops
/// Example: ops completions zsh > ~/.zfunc/_ops
/// Example: ops completions fish > ~/.config/fish/completions/ops.fish
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl CompletionsArgs {
    pub(crate) fn run(self, program: Command) -> Result<(), Failure> {
        command_line::completions(self.shell, program)
            .map_err(|error| Failure::CouldNotAsk(format!("stdout: {error}")))
    }
}

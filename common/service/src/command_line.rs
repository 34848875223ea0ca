//! Completion scripts and manual pages, made from a program's own definition of its command line.

use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Command};
pub use clap_complete::Shell;

// No doc comments on these: they would become the help of the program that takes them in.
#[allow(missing_docs, reason = "see above")]
#[derive(Debug, Args)]
pub struct Describe {
    /// Print a completion script for this shell and exit
    #[arg(long, value_enum, value_name = "SHELL")]
    completions: Option<Shell>,
    /// Print the manual page (for man -l -) and exit
    #[arg(long, conflicts_with = "completions")]
    man: bool,
}

impl Describe {
    /// Prints what is asked for; `None` when nothing is and the program is to do its job.
    pub fn run(&self, program: Command) -> Option<io::Result<()>> {
        match self.completions {
            Some(shell) => Some(completions(shell, program)),
            None => self.man.then(|| manual(program, None)),
        }
    }
}

/// The arguments of a verb `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    ///
    /// # Errors
    /// Standard output takes nothing.
    pub fn run(&self, program: Command) -> io::Result<()> {
        completions(self.shell, program)
    }
}

/// The arguments of a verb `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The folder for the pages; it is created if it does not exist. Without a folder, only the program's page
    /// is printed to stdout
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Man {
    /// Prints or writes the pages.
    ///
    /// # Errors
    /// Standard output or the folder takes nothing.
    pub fn run(&self, program: Command) -> io::Result<()> {
        manual(program, self.folder.as_deref())
    }
}

/// Prints a completion script.
///
/// # Errors
/// Standard output takes nothing; a reader that closes it early is no error.
pub fn completions(shell: Shell, mut program: Command) -> io::Result<()> {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    print(&script)
}

/// Writes the manual pages into a folder, which is made where it is not there: one of the program, one
/// of each verb. Without a folder the program's page is printed.
///
/// # Errors
/// The folder or standard output takes nothing.
pub fn manual(mut program: Command, folder: Option<&Path>) -> io::Result<()> {
    program = without_help_verb(program);
    // Full names (ops-order-show) and the arguments that every verb has.
    program.build();
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
        return clap_mangen::generate_to(program, folder);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(program).render(&mut page)?;
    print(&page)
}

/// `ops help order show` is the page of `ops order show`, and needs none of its own.
fn without_help_verb(program: Command) -> Command {
    program.disable_help_subcommand(true).mut_subcommands(without_help_verb)
}

fn print(text: &[u8]) -> io::Result<()> {
    match io::stdout().lock().write_all(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

//! `ops console-password`

use std::io::IsTerminal as _;

use clap::Args;
use console::Term;
use serde::Serialize;
use tracing::info;

use crate::cli::output::Output;
use crate::failure::Failure;
use crate::operations::password_hash::hash;

/// Print the hash of a password for a user of the console
///
/// Asks for the password twice on a terminal, else reads it from the first line of stdin. Prints its hash, which goes into
/// the configuration as password of [console.users.NAME]; the password itself is stored nowhere. Needs no configuration.
///
/// Example: ops console-password
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct ConsolePasswordArgs {}

#[derive(Serialize)]
struct Hashed {
    password: String,
}

impl ConsolePasswordArgs {
    pub(crate) fn run(self, output: Output) -> Result<(), Failure> {
        let hashed = Hashed { password: hash(&password()?)? };
        output.print(&hashed, || hashed.password.clone())?;
        info!(
            "for the configuration: [console.users.NAME] with password = \"...\" and role = \"viewer\", \"operator\" or \"admin\""
        );
        Ok(())
    }
}

fn password() -> Result<String, Failure> {
    let cannot = |error: std::io::Error| Failure::CouldNotAsk(format!("stdin: {error}"));
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map_err(cannot)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let terminal = Term::stderr();
    let ask = |question: &str| {
        terminal.write_str(question).and_then(|()| terminal.read_secure_line()).map_err(cannot)
    };
    let password = ask("Password: ")?;
    match ask("The same again: ")? == password {
        true => Ok(password),
        false => Err(Failure::Usage("the two passwords differ".to_owned())),
    }
}

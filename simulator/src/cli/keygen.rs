//! `simulator keygen`.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use simulator::KeyPair;

#[derive(Debug, Args)]
pub(super) struct Keygen {
    /// The folder to write to; if a file exists already, it is kept and the command fails.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
}

impl Keygen {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let files = KeyPair::generate()?.write(&self.dir)?;
        let mut out = io::stdout();
        writeln!(out, "{}", files.private.display())?;
        writeln!(out, "{}", files.public.display())?;
        Ok(())
    }
}

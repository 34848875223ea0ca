//! `ops check`

mod text;

use std::path::Path;

use clap::Args;

use crate::cli::closed_set::words_of;
use crate::cli::output::Output;
use crate::failure::Failure;
use crate::operations::check::{CheckReport, CheckScope, CheckedProgram};

/// Test a configuration before you use it
///
/// Reads the configuration and all key files, and continues after the first problem: it prints one problem for each merchant,
/// and one for the other sections. For each merchant it shows what is configured and what is missing, and every key by its
/// fingerprint, never the key itself. Then it asks the database (schema, rights) and the broker (rights, queues), if they are
/// configured. It compares the configuration with that of the running programs at ingress.admin_listen, worker.admin_listen
/// and --running: what SIGHUP would change, and which sections need a restart. Changes nothing.
///
/// Exits with 2 if the configuration cannot be used, 3 if a server does not answer, 1 if the schema is not up to date or a
/// right or a queue is missing, otherwise with 0. A program that does not run is reported, but is no error.
///
/// Example: ops check --config new.toml
/// Example: ops check --config new.toml --offline
/// Example: ops check --only worker --running 10.0.0.7:9101
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CheckArgs {
    /// Only read the files; ask no server
    #[arg(long, conflicts_with = "running")]
    offline: bool,
    /// The program that the configuration is for; an ingress needs no database
    #[arg(long, value_name = "PROGRAM", value_parser = words_of::<CheckedProgram>())]
    only: Option<CheckedProgram>,
    /// Also ask the program with this admin endpoint; can be given several times
    #[arg(long, value_name = "HOST:PORT")]
    running: Vec<String>,
}

impl CheckArgs {
    pub(crate) fn run(
        self,
        file: Option<&Path>,
        output: Output,
        strict: bool,
    ) -> Result<(), Failure> {
        let CheckArgs { offline, only, running } = &self;
        let (offline, only) = (*offline, *only);
        let report = CheckReport::of(&CheckScope { file, strict, offline, only, running });
        output.print(&report, || report.text(offline))?;
        report.check()
    }
}

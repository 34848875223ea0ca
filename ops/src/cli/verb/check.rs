//! `ops check`

mod text;

use std::path::Path;

use clap::{Args, ValueEnum};
use config::Config;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::output::Output;
use crate::failure::Failure;
use crate::operations::check::merchants::MerchantLine;
use crate::operations::check::running::{self, RunningProgram};
use crate::operations::check::servers::{ServerCheck, broker, database};

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
    #[arg(long, value_enum, value_name = "PROGRAM")]
    only: Option<CheckedProgram>,
    /// Also ask the program with this admin endpoint; can be given several times
    #[arg(long, value_name = "HOST:PORT")]
    running: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckedProgram {
    Ingress,
    Worker,
}

/// What was found.
#[derive(Debug, Default, Serialize)]
struct CheckReport {
    /// Why the configuration cannot be used.
    problems: Vec<String>,
    /// What does not keep a program from starting.
    warnings: Vec<String>,
    merchants: Vec<MerchantLine>,
    database: Option<ServerCheck>,
    broker: Option<ServerCheck>,
    running: Vec<RunningProgram>,
}

impl CheckArgs {
    pub(crate) fn run(
        self,
        file: Option<&Path>,
        output: Output,
        strict: bool,
    ) -> Result<(), Failure> {
        let examined = Config::examine(file);
        let mut report = CheckReport {
            problems: examined.problems.iter().map(ToString::to_string).collect(),
            merchants: examined.merchants.values().map(MerchantLine::of).collect(),
            ..CheckReport::default()
        };
        if let Some(config) = examined.config {
            let exposed = config.exposed.iter().map(ToString::to_string);
            if strict { &mut report.problems } else { &mut report.warnings }.extend(exposed);
            if !self.offline {
                let is_set = |section: &str| examined.set_sections.contains(section);
                self.ask(&Context::new(config, output), is_set, &mut report);
            }
        }
        output.print(&report, || report.text(self.offline))?;
        report.ended()
    }

    fn ask(&self, context: &Context, is_set: impl Fn(&str) -> bool, report: &mut CheckReport) {
        if self.only == Some(CheckedProgram::Ingress) {
            report.database = Some(ServerCheck::not_asked("an ingress needs none"));
        } else if is_set("database") {
            report.database = Some(database(context));
        } else {
            report.database = Some(ServerCheck::not_asked("database.url is not set"));
        }
        report.broker = Some(if is_set("amqp") {
            broker(context, self.only == Some(CheckedProgram::Ingress))
        } else {
            ServerCheck::not_asked("amqp.url is not set")
        });
        let config = &context.config;
        let admin = [
            (CheckedProgram::Ingress, "ingress", config.ingress.admin_listen),
            (CheckedProgram::Worker, "worker", config.worker.admin_listen),
        ];
        for (program, name, address) in admin {
            if self.only.is_none_or(|only| only == program) {
                report.running.push(running::configured(context, name, address));
            }
        }
        let named = self.running.iter().map(|address| running::named(context, address));
        report.running.extend(named);
    }
}

impl CheckReport {
    fn ended(&self) -> Result<(), Failure> {
        if !self.problems.is_empty() {
            let count = match self.problems.len() {
                1 => "1 problem".to_owned(),
                count => format!("{count} problems"),
            };
            return Err(Failure::Usage(format!("the configuration cannot be used: {count}")));
        }
        let servers = || self.database.iter().chain(&self.broker);
        let silent = servers().any(|server| server.error.is_some());
        if silent || self.running.iter().any(RunningProgram::is_failure) {
            return Err(Failure::CouldNotAsk("some servers or programs did not answer".to_owned()));
        }
        if servers().any(|server| !server.missing.is_empty()) {
            return Err(Failure::Refused("something is missing".to_owned()));
        }
        Ok(())
    }
}

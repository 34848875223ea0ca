//! Tests a configuration against the servers and the running programs.

pub(crate) mod merchants;
pub(crate) mod running;
pub(crate) mod servers;

use std::path::Path;

use config::Config;
use serde::Serialize;

use self::merchants::MerchantLine;
use self::running::RunningProgram;
use self::servers::ServerCheck;
use crate::failure::Failure;
use crate::operations::access::Access;
use crate::plural::count;

/// A program that a configuration is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(strum::VariantArray, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum CheckedProgram {
    Ingress,
    Worker,
}

/// What is tested.
pub(crate) struct CheckScope<'a> {
    /// The configuration's file, where it is not the default one.
    pub(crate) file: Option<&'a Path>,
    /// Files that others can read are problems, not warnings.
    pub(crate) strict: bool,
    /// No server is asked.
    pub(crate) offline: bool,
    /// The only program that it is for.
    pub(crate) only: Option<CheckedProgram>,
    /// Admin endpoints of running programs, beside those of the configuration.
    pub(crate) running: &'a [String],
}

/// What was found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct CheckReport {
    /// Why the configuration cannot be used.
    pub(crate) problems: Vec<String>,
    /// What does not keep a program from starting.
    pub(crate) warnings: Vec<String>,
    pub(crate) merchants: Vec<MerchantLine>,
    pub(crate) database: Option<ServerCheck>,
    pub(crate) broker: Option<ServerCheck>,
    pub(crate) running: Vec<RunningProgram>,
}

impl CheckReport {
    /// Reads the files, and asks the servers that the configuration names.
    pub(crate) fn of(scope: &CheckScope<'_>) -> CheckReport {
        let examined = Config::examine(scope.file);
        let mut report = CheckReport {
            problems: examined.problems.iter().map(ToString::to_string).collect(),
            merchants: examined.merchants.values().map(MerchantLine::of).collect(),
            ..CheckReport::default()
        };
        if let Some(config) = examined.config {
            let exposed = config.exposed.iter().map(ToString::to_string);
            let list = if scope.strict { &mut report.problems } else { &mut report.warnings };
            list.extend(exposed);
            if !scope.offline {
                let is_set = |section: &str| examined.set_sections.contains(section);
                report.ask(&Access::new(config), scope, is_set);
            }
        }
        report
    }

    fn ask(&mut self, access: &Access, scope: &CheckScope<'_>, is_set: impl Fn(&str) -> bool) {
        let publishes_only = scope.only == Some(CheckedProgram::Ingress);
        self.database = Some(match (publishes_only, is_set("database")) {
            (true, _) => ServerCheck::not_asked("an ingress needs none"),
            (false, true) => servers::database(access),
            (false, false) => ServerCheck::not_asked("database.url is not set"),
        });
        self.broker = Some(match is_set("amqp") {
            true => servers::broker(access, publishes_only),
            false => ServerCheck::not_asked("amqp.url is not set"),
        });
        self.warnings.extend(servers::dead_letters(access, &self.database, &self.broker));
        let admin = [
            (CheckedProgram::Ingress, access.config.ingress.admin_listen),
            (CheckedProgram::Worker, access.config.worker.admin_listen),
        ];
        let admin = admin.into_iter().filter(|(it, _)| scope.only.is_none_or(|only| only == *it));
        let configured = admin.map(|(program, at)| running::configured(access, program.into(), at));
        let named = scope.running.iter().map(|address| running::named(access, address));
        self.running = configured.chain(named).collect();
    }

    /// An error unless the configuration can be used, all that was asked has answered, and nothing is missing there.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if !self.problems.is_empty() {
            let problems = count(self.problems.len(), "problem");
            return Err(Failure::Usage(format!("the configuration cannot be used: {problems}")));
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

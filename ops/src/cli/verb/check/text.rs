//! The report for a person.

use std::fmt::Write as _;

use config::summary::ConfigDifference;

use crate::cli::output::plain;
use crate::operations::check::CheckReport;
use crate::operations::check::running::RunningProgram;
use crate::operations::check::servers::ServerCheck;

impl CheckReport {
    pub(super) fn text(&self, offline: bool) -> String {
        let mut text = String::new();
        for problem in &self.problems {
            let _ = writeln!(text, "problem: {problem}");
        }
        for warning in &self.warnings {
            let _ = writeln!(text, "warning: {warning}");
        }
        for merchant in &self.merchants {
            let _ = writeln!(text, "merchant {}", merchant.name);
            for (key, value) in &merchant.settings {
                let _ = writeln!(text, "  {key:<18}  {}", plain(value));
            }
            for lack in &merchant.lacks {
                let _ = writeln!(text, "  lacks: {lack}");
            }
        }
        server(&mut text, "database", self.database.as_ref());
        server(&mut text, "broker", self.broker.as_ref());
        for program in &self.running {
            running(&mut text, program);
        }
        if self.problems.is_empty() && offline {
            text.push_str("the configuration can be used; no server was asked\n");
        }
        text
    }
}

fn server(text: &mut String, name: &str, server: Option<&ServerCheck>) {
    let Some(server) = server else { return };
    if let Some(why) = server.not_asked {
        let _ = writeln!(text, "{name}: not asked, {why}");
    }
    if let Some(error) = &server.error {
        let _ =
            writeln!(text, "{name}: {}", error.strip_prefix(&format!("{name}: ")).unwrap_or(error));
    }
    if !server.has.is_empty() {
        let _ = writeln!(text, "{name}: {}", server.has.join("; "));
    }
    for missing in &server.missing {
        let _ = writeln!(text, "{name}: missing: {missing}");
    }
}

fn running(text: &mut String, running: &RunningProgram) {
    let name = running.program.as_deref().unwrap_or("program");
    let at = running.address.as_ref().map(|address| format!(" at {address}")).unwrap_or_default();
    if let Some(why) = &running.unknown {
        let _ = writeln!(text, "{name}{at}: not known what it runs with: {why}");
    }
    let Some(difference) = &running.difference else { return };
    let ConfigDifference { added, removed, changed, restart } = difference;
    if difference == &ConfigDifference::default() {
        let _ = writeln!(text, "{name}{at}: runs with this configuration");
        return;
    }
    if added.is_empty() && removed.is_empty() && changed.is_empty() {
        let _ = writeln!(text, "{name}{at}: SIGHUP would change nothing");
    } else {
        let _ = writeln!(text, "{name}{at}: SIGHUP would change");
    }
    for merchant in added {
        let _ = writeln!(text, "  merchant {merchant}: is added");
    }
    for merchant in removed {
        let _ = writeln!(text, "  merchant {merchant}: is removed, its notifications are refused");
    }
    for change in changed {
        let value = |value: &Option<String>| plain(value.as_deref().unwrap_or("not set"));
        let (merchant, setting) = (&change.merchant, &change.setting);
        let (runs, next) = (value(&change.runs), value(&change.next));
        let _ = writeln!(text, "  merchant {merchant}: {setting}: {runs} -> {next}");
    }
    for section in restart {
        let _ = writeln!(text, "  [{section}] differs: that needs a restart");
    }
}

//! The command line for operators.
//!
//! Each verb is one file in [`cli::verb`]: its arguments, what it does, what it prints. A verb gets the
//! [`Context`] (configuration, form of the output) and returns a [`Failure`], which is the exit code
//! together with the text on stderr:
//!
//! | code | meaning |
//! |---|---|
//! | 0 | done, or the answer is yes |
//! | 1 | the answer is no: no such order, the signature is wrong, the id is taken |
//! | 2 | usage or configuration |
//! | 3 | the database or the broker could not be asked |
//!
//! Results go to stdout, as a table or as JSON alone; logs, warnings and progress go to stderr. An
//! order that is shown is read by [`store`] and told by [`operations::order::details`] (JSON) and
//! [`operations::order::story`] (for a person). Dead letters are looked at through [`operations::dead_queue`], which takes
//! messages without an acknowledgement and gives them back, one operator at a time. What would happen
//! is never computed here: [`operations::dry_run`] runs the worker's own batch and rolls it back. What an operator
//! sends (a replay, a decision, an answer of the gateway) goes to the work queue, [`operations::publish`], and
//! [`operations::await_worker`] waits for a worker's line about it. [`mod@operations::audit`] checks the whole database. [`console`] shows in a
//! browser what the verbs show.

#![allow(rustdoc::bare_urls, reason = "the doc comments of arguments are their help texts")]

mod cli;
mod console;
mod failure;
mod operations;
mod plural;
mod progress;
mod text;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use config::Config;
use service::telemetry;

use crate::cli::context::Context;
use crate::cli::output::Output;
use crate::cli::{help, verb};
use failure::Failure;

/// Operate the Alipay notification pipeline: schema, queues, products, stock, orders, refunds,
/// dead letters, reviews, signatures, the audit of money and goods.
///
/// Exit codes: 0 done or yes, 1 the answer is no, 2 wrong usage or configuration, 3 the database, the
/// broker or the gateway did not answer.
///
/// Example: ops --config alipay.toml order show A-1001
#[derive(Parser)]
#[command(version, verbatim_doc_comment, max_term_width = 100)]
struct OpsArgs {
    /// The configuration file
    #[arg(long, global = true, env = "ALIPAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Format of the results on stdout
    #[arg(long, global = true, value_enum, default_value_t)]
    output: Output,
    /// Exit with 2 if every user can read a file with a secret, or others can change it; without this only warn
    #[arg(long, global = true)]
    strict: bool,
    #[command(subcommand)]
    verb: OpsVerb,
}

#[derive(Subcommand)]
enum OpsVerb {
    #[command(flatten)]
    Configured(verb::ConfiguredVerb),
    Check(verb::check::CheckArgs),
    Config(verb::config::ConfigArgs),
    ConsolePassword(verb::console_password::ConsolePasswordArgs),
    Completions(verb::completions::CompletionsArgs),
    Man(verb::man::ManArgs),
}

fn main() -> ExitCode {
    let matches = help::grouped(OpsArgs::command()).get_matches();
    let arguments = OpsArgs::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    telemetry::init_command("ops");
    match arguments.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nothing can be reported when stderr is closed.
            let text = failure.to_string();
            let text = service::invisible::escaped_lines(&text);
            let _ = writeln!(std::io::stderr(), "ops: {text}");
            failure.exit_code()
        }
    }
}

impl OpsArgs {
    fn run(self) -> Result<(), Failure> {
        match self.verb {
            // These describe the program and need no configuration.
            OpsVerb::ConsolePassword(verb) => verb.run(self.output),
            OpsVerb::Completions(verb) => verb.run(OpsArgs::command()),
            OpsVerb::Man(verb) => verb.run(OpsArgs::command()),
            // This one goes on where the configuration cannot be used.
            OpsVerb::Check(verb) => verb.run(self.config.as_deref(), self.output, self.strict),
            OpsVerb::Config(verb) => verb.run(self.config.as_deref(), self.output),
            OpsVerb::Configured(verb) => {
                let config = Config::load(self.config.as_deref())?;
                config.check_files(self.strict)?;
                verb.run(&Context::new(config, self.output))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::OpsArgs;
    use clap::{Command, CommandFactory as _};

    fn check(command: &Command, path: &str, seen: &mut usize) {
        let path = format!("{path} {}", command.get_name()).trim_start().to_owned();
        let help = command.get_long_about().or(command.get_about());
        let help = help.map(ToString::to_string).unwrap_or_default();
        let example = help.lines().find_map(|line| line.strip_prefix("Example: "));
        let example = example.unwrap_or_else(|| panic!("{path} has no example in its help"));
        // Of a verb with verbs below it one of these; the program itself with its --config.
        let example = example.rsplit(" | ").find(|part| part.starts_with("ops")).unwrap_or(example);
        assert!(
            example.starts_with(&path) || path == "ops",
            "the example of {path} shows something else: {example}"
        );
        for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
            assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
        }
        *seen += 1;
        for verb in command.get_subcommands() {
            check(verb, &path, seen);
        }
    }

    /// The help texts of a verb and of all below it.
    fn help_texts(command: &mut Command, path: &str, texts: &mut String) {
        let path = format!("{path} {}", command.get_name()).trim_start().to_owned();
        texts.push_str(&format!("\n===== {path} --help\n{}", command.render_long_help()));
        for verb in command.get_subcommands_mut().filter(|verb| verb.get_name() != "help") {
            help_texts(verb, &path, texts);
        }
    }

    /// To record a wanted change: `INSTA_UPDATE=always`.
    #[test]
    fn help_texts_are_as_recorded() {
        let mut command = crate::cli::help::grouped(OpsArgs::command()).bin_name("ops");
        command.build();
        let mut texts = String::new();
        help_texts(&mut command, "", &mut texts);
        // The options of every verb are recorded once, where a verb has no others in their place.
        let (from, to) =
            (texts.find("      --config").unwrap(), texts.find("  -h, --help").unwrap());
        let (program, verbs) = texts.split_at(to);
        let texts = format!("{program}{}", verbs.replace(&program[from..], ""));
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/tests/snapshots"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
            filters => [(r"\[env: (\w+)=.*\]", "[env: $1]"), (r" +\n", "\n")],
        }, { insta::assert_snapshot!("help", texts) });
    }

    #[test]
    fn every_verb_has_an_example_and_every_argument_a_help() {
        let command = OpsArgs::command();
        command.clone().debug_assert();
        let mut seen = 0;
        check(&command, "", &mut seen);
        assert!(seen > 30, "{seen} verbs");
    }
}

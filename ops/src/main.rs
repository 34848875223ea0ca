//! The command line for operators.
//!
//! Each verb is one file in [`verb`]: its arguments, what it does, what it prints. A verb gets the
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
//! order that is shown is read by [`store::report`] and told by [`order_page`] (JSON) and
//! [`order_story`] (for a person). Dead letters are looked at through [`dead_queue`], which takes
//! messages without an acknowledgement and gives them back. [`mod@audit`] checks the whole database.

mod audit;
mod context;
mod dead_letter;
mod dead_queue;
mod failure;
mod order_page;
mod order_story;
mod output;
mod status_name;
mod verb;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use service::{Config, telemetry};

use context::Context;
use failure::Failure;
use output::Output;

/// Operator's tool for the Alipay notification pipeline: schema, queues, products, stock, orders,
/// dead letters, signatures, the audit of money and goods.
///
/// Exit codes: 0 done or yes, 1 the answer is no, 2 usage or configuration, 3 the database or the
/// broker could not be asked.
///
/// Example: ops --config alipay.toml order show A-1001
#[derive(Parser)]
#[command(version, verbatim_doc_comment, max_term_width = 100)]
struct Arguments {
    /// The configuration file
    #[arg(long, global = true, env = "ALIPAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// How results are printed on stdout
    #[arg(long, global = true, value_enum, default_value_t)]
    output: Output,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Migrate(verb::migrate::Migrate),
    Topology(verb::topology::Topology),
    Product(verb::product::Product),
    Stock(verb::stock::Stock),
    Order(verb::order::Order),
    Verify(verb::verify::Verify),
    Dlq(verb::dlq::Dlq),
    Review(verb::review::Review),
    Audit(verb::audit::Audit),
    Status(verb::status::Status),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::init_command("ops");
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when stderr is closed.
            let _ = writeln!(std::io::stderr(), "ops: {failure}");
            failure.exit_code()
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    let config = Config::load(arguments.config.as_deref())?;
    let context = Context::new(config, arguments.output);
    match arguments.verb {
        Verb::Migrate(verb) => verb.run(&context),
        Verb::Topology(verb) => verb.run(&context),
        Verb::Product(verb) => verb.run(&context),
        Verb::Stock(verb) => verb.run(&context),
        Verb::Order(verb) => verb.run(&context),
        Verb::Verify(verb) => verb.run(&context),
        Verb::Dlq(verb) => verb.run(&context),
        Verb::Review(verb) => verb.run(&context),
        Verb::Audit(verb) => verb.run(&context),
        Verb::Status(verb) => verb.run(&context),
    }
}

//! `testkit`: a command with a private RabbitMQ and database. See the library's documentation.

mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use testkit::{BrokerKind, DatabaseKind, ShiftedClock};

/// Private RabbitMQ and MariaDB or MySQL for tests and the demo.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a command with servers of its own, and remove them afterwards.
    ///
    /// Sets AMQP_URL, AMQP_ADMIN_URL and DATABASE_URL; AMQP_URLS has all nodes of a cluster. Where
    /// AMQP_URL or DATABASE_URL is set already, that server is used and none is started. The exit
    /// code is the command's; processes that the command leaves behind are ended.
    ///
    /// Other versions than this machine's need `scripts/install-other-servers` once.
    Run(Run),
    /// End the servers that `run --keep` left, and remove their folder.
    Stop {
        /// The folder that `run --keep` named.
        folder: PathBuf,
    },
    /// End a folder's servers when standard input closes.
    #[command(hide = true)]
    Reap { folder: PathBuf },
}

#[derive(Debug, Args)]
struct Run {
    /// Leave the servers running afterwards.
    #[arg(long)]
    keep: bool,
    /// The database; default: what TESTKIT_DATABASE says, else mariadb
    #[arg(long)]
    database: Option<DatabaseKind>,
    /// The broker; default: what TESTKIT_BROKER says, else 3
    #[arg(long)]
    broker: Option<BrokerKind>,
    /// Servers and tests have a clock that is so far away, such as +400d or -30d.
    ///
    /// Needs libfaketime. The command keeps the machine's clock: it is cargo, which gives the shifted
    /// one to the test programs that it starts.
    #[arg(long, value_name = "SHIFT", allow_hyphen_values = true)]
    clock: Option<ShiftedClock>,
    /// Do not print how to use the servers that are left: the command has told.
    #[arg(long, hide = true, requires = "keep")]
    untold: bool,
    /// Start one server only.
    #[arg(long, hide = true)]
    only: Option<Only>,
    /// The command and its arguments.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Only {
    Broker,
    Database,
}

#[expect(clippy::print_stderr, reason = "errors of a program are on standard error")]
fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Stop { folder } => testkit::reap::end(&folder)
            .with_context(|| folder.display().to_string())
            .map(|()| ExitCode::SUCCESS),
        Verb::Reap { folder } => testkit::reap::watch(&folder)
            .with_context(|| folder.display().to_string())
            .map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("testkit: {error:#}");
        ExitCode::from(3)
    })
}

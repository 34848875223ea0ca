//! `testkit`: a command with a private RabbitMQ and database. See the library's documentation.

mod run;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use testkit::{BrokerKind, DatabaseKind, ShiftedClock};

/// Run private servers (RabbitMQ, MariaDB or MySQL) for tests and the demo.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a command with its own servers, and remove them afterwards.
    ///
    /// Sets AMQP_URL, AMQP_ADMIN_URL and DATABASE_URL; AMQP_URLS has all nodes of a cluster. If
    /// AMQP_URL or DATABASE_URL is already set, that server is used and none is started. The exit
    /// code is the command's; processes that the command leaves behind are ended.
    ///
    /// Other versions than this machine's need `scripts/install-other-servers` once.
    ///
    /// Example: testkit run -- cargo nextest run --workspace
    Run(Run),
    /// Stop the servers that `run --keep` left running, and remove their folder.
    Stop {
        /// The folder that `run --keep` printed.
        folder: PathBuf,
    },
    /// End a folder's servers when standard input closes.
    #[command(hide = true)]
    Reap { folder: PathBuf },
}

#[derive(Debug, Args)]
struct Run {
    /// Keep the servers running afterwards.
    #[arg(long)]
    keep: bool,
    /// The database; default: TESTKIT_DATABASE, else mariadb
    #[arg(long)]
    database: Option<DatabaseKind>,
    /// The broker; default: TESTKIT_BROKER, else 3
    #[arg(long)]
    broker: Option<BrokerKind>,
    /// Shift the clock of servers and tests, for example by +400d or -30d.
    ///
    /// Needs libfaketime. The command itself keeps the machine's clock: it is cargo, which gives the shifted
    /// clock to the test programs that it starts.
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

//! The worker program.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, Parser};
use config::Config;
use service::command_line::Describe;
use service::trace::Export;
use service::{shutdown, telemetry};

/// Consume Alipay's notifications from RabbitMQ, and turn them into order states and goods in MySQL.
///
/// You can start any number of workers. Prints one line on stdout when it consumes; logs go to stderr. SIGHUP
/// reads the merchants and keys of the configuration again, SIGTERM stops gracefully.
///
/// Example: worker --config alipay.toml
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, env = "ALIPAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Do not start if every user can read a file with a secret, or others can change it; without this only
    /// warn.
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    describe: Describe,
}

/// How long a call to the database that is under way may hold up the end of the process.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(described) = arguments.describe.run(Arguments::command()) {
        return if described.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(3) };
    }
    telemetry::init("worker");
    let result = tokio::runtime::Runtime::new().map_err(anyhow::Error::from).and_then(|runtime| {
        let export = runtime.block_on(async { Export::begin("worker", env!("CARGO_PKG_VERSION")) });
        let result = runtime.block_on(start(arguments));
        export.end();
        // Dropping it would wait for its end.
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        result
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(2)
        }
    }
}

async fn start(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { config: file, strict, .. } = arguments;
    let load = move || {
        let config = Config::load(file.as_deref())?;
        config.check_files(strict)?;
        Ok(config)
    };
    let config: Config = load()?;
    config.require_merchants()?;
    let metrics = telemetry::Metrics::install("worker", env!("CARGO_PKG_VERSION"))?;
    let current = config::reload::on_hangup(config, load);
    worker::run(current, metrics, shutdown::on_signals(), announce).await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the line that says the worker is ready")]
fn announce(admin: Option<std::net::SocketAddr>) {
    match admin {
        Some(address) => println!("worker ready admin={address}"),
        None => println!("worker ready"),
    }
}

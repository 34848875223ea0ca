//! The worker program.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use service::config::Config;
use service::{shutdown, telemetry};

/// Consumes Alipay notifications from RabbitMQ and turns them into order states and goods in MySQL.
///
/// Start as many as you like. Prints one line on stdout when it consumes; logs go to stderr.
///
/// Example: worker --config alipay.toml
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file.
    #[arg(long, env = "ALIPAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::init("worker");
    match start(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(2)
        }
    }
}

async fn start(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::load(arguments.config.as_deref())?;
    config.require_merchants()?;
    let metrics = telemetry::Metrics::install()?;
    worker::run(config, metrics, shutdown::on_signals(), announce).await?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the line that says the worker is ready")]
fn announce(admin: Option<std::net::SocketAddr>) {
    match admin {
        Some(address) => println!("worker ready admin={address}"),
        None => println!("worker ready"),
    }
}

//! `ingress`: takes Alipay's notifications.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::{CommandFactory, Parser};
use config::{Config, ConfigError};
use ingress::IngressServer;
use queue::Cluster;
use service::command_line::Describe;
use service::telemetry::{self, Metrics};
use service::trace::Export;

/// Receive Alipay's notifications: verify each one, publish it to RabbitMQ, and answer `success` after the
/// broker's confirm.
///
/// SIGHUP reads the merchants and keys of the configuration again, SIGTERM stops gracefully. Logs go to stderr.
///
/// Example: ingress --config alipay.toml
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file (TOML); default: ALIPAY_CONFIG. Every key can also be set by an environment variable,
    /// ALIPAY__SECTION__KEY.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Do not start if every user can read a file with a secret, or others can change it; without this only
    /// warn
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    describe: Describe,
}

/// Ends the program because of its configuration.
fn unusable(error: &dyn std::error::Error) -> ! {
    tracing::error!("{error}");
    #[expect(clippy::disallowed_methods, reason = "nothing has begun that could be lost")]
    std::process::exit(USAGE);
}

/// Exit code for a configuration that cannot be used.
const USAGE: i32 = 2;

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if let Some(described) = arguments.describe.run(Arguments::command()) {
        return described.context("standard output");
    }
    telemetry::init("ingress");
    let Arguments { config: file, strict, .. } = arguments;
    let load = move || {
        let config = Config::load(file.as_deref())?;
        config.check_files(strict)?;
        Ok(config)
    };
    let config = load()
        .and_then(|config| config.require_merchants().map(|()| config))
        .unwrap_or_else(|error| unusable(&error));
    if let Err(error) = Cluster::configured(&config.amqp) {
        unusable(&error);
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let export = runtime.block_on(async { Export::begin("ingress", env!("CARGO_PKG_VERSION")) });
    let result = runtime.block_on(run(config, load));
    export.end();
    // What is still running is ended with the process.
    runtime.shutdown_background();
    result
}

async fn run(
    config: Config,
    load: impl Fn() -> Result<Config, ConfigError> + Send + Sync + 'static,
) -> anyhow::Result<()> {
    let shutdown = service::shutdown::on_signals();
    let metrics =
        Metrics::install("ingress", env!("CARGO_PKG_VERSION")).context("cannot collect metrics")?;
    let current = config::reload::on_hangup(config, load);
    let server = IngressServer::bind(current).await?;
    server.run(metrics, shutdown, announce).await?;
    Ok(())
}

/// Prints the line that scripts wait for.
fn announce(line: String) {
    let mut out = io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        tracing::debug!("standard output is closed");
    }
}

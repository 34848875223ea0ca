//! The command line.

mod certificates;
mod delivery;
mod keygen;
mod order;
mod real_keys;
mod serve;
mod step;
mod storm;
mod target;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use alipay::Fen;
use anyhow::Context;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use service::duration::{self, DurationError};
use simulator::{TradeError, Trust};

/// Simulate Alipay: keep trades and send signed notifications about them.
///
/// Results go to stdout, messages to stderr. Exit codes: 0 the answer was success, 1 the answer was something
/// else or the step was refused as Alipay would refuse it, 2 wrong usage or configuration, 3 could not connect.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// Configuration file of the ingress: protocol, identity and keys of each merchant.
    #[arg(long, global = true, env = "ALIPAY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make the RSA key pair with which the simulated Alipay signs.
    #[command(after_help = "Example:\n  simulator keygen --dir keys\n  \
        writes keys/alipay_private.pem (for --alipay-private-key) and keys/alipay_public.pem \
        (for alipay_public_keys_file)")]
    Keygen(keygen::Keygen),
    /// Make the files of certificate mode: root, Alipay's and the application's certificates, and their keys.
    #[command(
        after_help = "Example:\n  simulator certificates --dir certs --app-id 2021000000000001\n  \
        writes, for the configuration: alipayRootCert.crt (alipay_root_cert_file), \
        alipayCertPublicKey_RSA2.crt (alipay_public_keys_file), appCertPublicKey.crt \
        (app_cert_file), app_private.pem (private_key_file); for the simulator: \
        alipay_private.pem (--alipay-private-key); and the next certificate of Alipay with its \
        key, to test a change of certificates"
    )]
    Certificates(certificates::CertificatesArguments),
    /// Open a trade that the buyer has not paid yet: WAIT_BUYER_PAY.
    #[command(after_help = "Example:\n  \
        simulator wait --config alipay.toml --merchant shop --order A100 --total 10.00")]
    Wait(step::Wait),
    /// Pay an order: TRADE_SUCCESS. For a paid order, send the same notification again.
    #[command(after_help = "Examples:\n  \
        simulator pay --config alipay.toml --merchant shop --order A100 --total 10.00\n  \
        simulator pay --config alipay.toml --merchant shop --order A100 --total 10.00 --duplicate\n  \
        simulator pay --config alipay.toml --merchant shop --order A101 --total 10.00 --corrupt\n  \
        simulator pay --config alipay.toml --merchant shop --order A102 --total 10.00 \
        --compress 240 --give-up-after 60\n  \
        simulator pay --config alipay.toml --merchant shop --order A104 --total 10.00 --drop   \
        (paid, but no notification is sent)")]
    Pay(step::Pay),
    /// Refund an order: TRADE_SUCCESS for a part, TRADE_CLOSED for all that is left.
    #[command(after_help = "Examples:\n  \
        simulator refund --config alipay.toml --merchant shop --order A100 --amount 3.00 \
        --request-no R1\n  \
        simulator refund --config alipay.toml --merchant shop --order A100   (all that is left)\n  \
        simulator refund --config alipay.toml --merchant shop --order A100 --reorder   \
        (before its payment arrives)")]
    Refund(step::Refund),
    /// Close an unpaid trade: TRADE_CLOSED.
    #[command(after_help = "Example:\n  \
        simulator close --config alipay.toml --merchant shop --order A103 --total 10.00")]
    Close(step::Close),
    /// End the refund period of a paid trade: TRADE_FINISHED.
    #[command(after_help = "Example:\n  \
        simulator finish --config alipay.toml --merchant shop --order A100")]
    Finish(step::Finish),
    /// Serve the cashier for buyers and the gateway for merchants over HTTP, until it is stopped.
    #[command(after_help = "Examples:\n  \
        simulator serve --config alipay.toml --listen 127.0.0.1:8600 \
        --alipay-private-key keys/alipay_private.pem\n  \
        simulator serve --config alipay.toml --gateway-delay 3s --gateway-fail 20%   \
        (to test programs that query it)")]
    Serve(Box<serve::Serve>),
    /// Generate load: pay many orders at a fixed rate, and record in a ledger what was answered success.
    #[command(after_help = "Examples:\n  \
        simulator storm --config alipay.toml --merchant shop --prefix T --count 10000 --rate 500 \
        --total 10.00 --ledger ledger.jsonl\n  \
        simulator storm --config alipay.toml --merchant shop --orders-from orders.txt --rate 0 \
        --mix pay+refund --duplicate 10 --corrupt 1 --reorder")]
    Storm(Box<storm::StormArguments>),
    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  \
        simulator completions bash > /etc/bash_completion.d/simulator")]
    Completions(service::command_line::Completions),
    /// Write the manual pages: one for the program, one for each verb.
    #[command(
        after_help = "Examples:\n  simulator man /usr/local/share/man/man1\n  simulator man | man -l -"
    )]
    Man(service::command_line::Man),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Text for a person.
    Table,
    /// One JSON document.
    Json,
}

/// How the notifications of a verb ended, worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DeliveryEnding {
    Success,
    NotSuccess,
    NotConnected,
}

impl From<DeliveryEnding> for ExitCode {
    fn from(ending: DeliveryEnding) -> ExitCode {
        ExitCode::from(match ending {
            DeliveryEnding::Success => 0,
            DeliveryEnding::NotSuccess => 1,
            DeliveryEnding::NotConnected => 3,
        })
    }
}

/// Reads the arguments, runs the verb, and reports errors.
pub(crate) async fn run() -> ExitCode {
    let Arguments { config, verb } = Arguments::parse();
    let config = config.as_deref();
    let ending = match verb {
        Verb::Keygen(keygen) => keygen.run().map(|()| DeliveryEnding::Success),
        Verb::Certificates(verb) => verb.run().map(|()| DeliveryEnding::Success),
        Verb::Wait(wait) => wait.run(config).await,
        Verb::Pay(pay) => pay.run(config).await,
        Verb::Refund(refund) => refund.run(config).await,
        Verb::Close(close) => close.run(config).await,
        Verb::Finish(finish) => finish.run(config).await,
        Verb::Serve(serve) => serve.run(config).await,
        Verb::Storm(storm) => storm.run(config).await,
        Verb::Completions(shell) => written(shell.run(Arguments::command())),
        Verb::Man(man) => written(man.run(Arguments::command())),
    };
    ending.map_or_else(|error| fail(&error), ExitCode::from)
}

fn written(result: io::Result<()>) -> anyhow::Result<DeliveryEnding> {
    result.context("cannot write").map(|()| DeliveryEnding::Success)
}

/// Reads an amount in yuan; Alipay's least is 0.01.
fn yuan(text: &str) -> anyhow::Result<Fen> {
    let amount = Fen::parse(text)?;
    anyhow::ensure!(amount > Fen::new(0), "the least amount is 0.01");
    Ok(amount)
}

/// Reads a length of time such as `500ms`, `3s` or `2m`, up to a day.
fn time(text: &str) -> Result<Duration, DurationError> {
    duration::parse_up_to(Duration::from_hours(24), text)
}

/// Who vouches for servers: the authority of a file, or the public ones.
fn trust(file: Option<&Path>) -> anyhow::Result<Trust> {
    let Some(file) = file else { return Ok(Trust::default()) };
    let text = std::fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Trust::only(&text).with_context(|| file.display().to_string())
}

fn fail(error: &anyhow::Error) -> ExitCode {
    // Nothing can be done about a closed stderr.
    let text = format!("{error:#}");
    let _ = writeln!(io::stderr(), "simulator: {}", service::invisible::escaped_lines(&text));
    match error.downcast_ref::<TradeError>() {
        Some(_) => ExitCode::from(1),
        None => ExitCode::from(2),
    }
}

//! `ops certs`

mod download;

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use config::certificates::WARN_DAYS;
use tracing::info;

use crate::cli::context::Context;
use crate::cli::table;
use crate::failure::Failure;
use crate::operations::certificates::{check, list};

/// List the configured certificates and when they expire
///
/// Shows each certificate of certificate mode: the application's own (app), Alipay's (alipay) and the roots
/// (root), with the serial number that Alipay uses, the first to expire first. Exits with 1 if one has expired, is
/// not valid yet, or expires within --days. Asks no server. Keys of public key mode do not expire and are not shown.
///
/// Example: ops certs --days 60
#[derive(Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(crate) struct CertsArgs {
    /// Only this merchant
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// Exit with 1 if a certificate expires within so many days
    #[arg(long, default_value_t = WARN_DAYS, value_parser = clap::value_parser!(u16).range(0..=3650))]
    days: u16,
    #[command(subcommand)]
    verb: Option<CertsVerb>,
}

#[derive(Subcommand)]
enum CertsVerb {
    Download(download::CertDownloadArgs),
}

impl CertsArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        if let Some(CertsVerb::Download(verb)) = self.verb {
            return verb.run(context);
        }
        let lines = list(context, self.merchant.as_deref(), TimeDelta::days(self.days.into()))?;
        if lines.is_empty() {
            info!(
                "no certificate is configured: the keys are in public key mode and do not expire"
            );
        }
        context.output.print(&lines, || {
            table::list(&lines)
                .column("merchant", |line| line.merchant)
                .column("role", |line| line.role)
                .column("state", |line| line.state)
                .column("until", |line| line.not_after)
                .column("days", |line| line.days_left)
                .column("sn", |line| line.sn)
                .column("subject", |line| line.subject)
                .column("issuer", |line| line.issuer)
                .text()
        })?;
        check(&lines, self.days)
    }
}

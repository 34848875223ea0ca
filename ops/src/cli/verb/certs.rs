//! `ops certs`

mod download;

use alipay::Certificate;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use config::certificates::{self, Role};
use serde::Serialize;
use store::BeijingTime;
use tracing::info;

use crate::cli::context::Context;
use crate::cli::output::table;
use crate::failure::Failure;

/// The certificates of the configuration, and when they end
///
/// Shows each certificate of certificate mode: the application's own (app), Alipay's (alipay) and the
/// roots (root), with the number by which Alipay names it, the first to end first. Ends with 1 when one has ended,
/// has not begun, or ends within --days. Asks nobody.
///
/// A key of public key mode has no end and is not shown.
///
/// Example: ops certs --days 60
#[derive(Args)]
#[command(verbatim_doc_comment, args_conflicts_with_subcommands = true)]
pub(crate) struct CertsArgs {
    /// Only this merchant
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// A certificate that ends within so many days is a no (1)
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=3650))]
    days: u16,
    #[command(subcommand)]
    verb: Option<CertsVerb>,
}

#[derive(Subcommand)]
enum CertsVerb {
    Download(download::CertDownloadArgs),
}

/// A certificate as of now.
#[derive(Serialize)]
struct CertificateLine<'a> {
    merchant: &'a str,
    /// `app`, `alipay` or `root`.
    role: &'static str,
    /// Alipay's number of it.
    sn: &'a str,
    subject: &'a str,
    issuer: &'a str,
    not_before: BeijingTime,
    not_after: BeijingTime,
    /// Whole days; below zero when it has ended.
    days_left: i64,
    /// `valid`, `ends_soon`, `expired` or `not_yet_valid`.
    state: &'static str,
}

impl<'a> CertificateLine<'a> {
    fn new(
        merchant: &'a str,
        (role, certificate): (Role, &'a Certificate),
        within: TimeDelta,
        at: DateTime<Utc>,
    ) -> CertificateLine<'a> {
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        let state = match certificate.check_time(at) {
            Err(_) if at < not_before => "not_yet_valid",
            Err(_) => "expired",
            Ok(()) if not_after - at < within => "ends_soon",
            Ok(()) => "valid",
        };
        CertificateLine {
            merchant,
            role: role.name(),
            sn: certificate.sn(),
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            not_before: BeijingTime(not_before),
            not_after: BeijingTime(not_after),
            days_left: (not_after - at).num_seconds().div_euclid(24 * 3600),
            state,
        }
    }

    fn cells(&self) -> [String; 8] {
        let CertificateLine {
            merchant,
            role,
            sn,
            subject,
            issuer,
            not_after,
            days_left,
            state,
            ..
        } = self;
        let texts = [merchant, role, sn].map(ToString::to_string);
        let [merchant, role, sn] = texts;
        let (until, days) = (not_after.to_string(), days_left.to_string());
        [
            merchant,
            role,
            (*state).to_owned(),
            until,
            days,
            sn,
            (*subject).to_owned(),
            (*issuer).to_owned(),
        ]
    }
}

impl CertsArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        if let Some(CertsVerb::Download(verb)) = self.verb {
            return verb.run(context);
        }
        let merchants = match &self.merchant {
            Some(name) => vec![context.merchant(name)?],
            None => context.config.merchants.values().collect(),
        };
        let (at, within) = (Utc::now(), TimeDelta::days(self.days.into()));
        let mut lines: Vec<CertificateLine<'_>> = merchants
            .into_iter()
            .flat_map(|merchant| {
                certificates::of(merchant).map(|one| (merchant.name.as_str(), one))
            })
            .map(|(merchant, one)| CertificateLine::new(merchant, one, within, at))
            .collect();
        lines.sort_by_key(|line| (line.not_after.0, line.merchant));
        if lines.is_empty() {
            info!("no certificate is configured: the keys are in public key mode, and have no end");
        }
        context.output.print(&lines, || {
            let header = ["merchant", "role", "state", "until", "days", "sn", "subject", "issuer"];
            table(header, lines.iter().map(CertificateLine::cells))
        })?;
        let count = |state: &str| lines.iter().filter(|line| line.state == state).count();
        let (expired, early, soon) = (count("expired"), count("not_yet_valid"), count("ends_soon"));
        if expired + early + soon == 0 {
            return Ok(());
        }
        Err(Failure::Refused(format!(
            "certificates: {expired} ended, {early} not begun, {soon} to end within {} days",
            self.days
        )))
    }
}

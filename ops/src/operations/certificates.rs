//! The certificates of the configuration, and when they end.

use alipay::{Certificate, CertificateState};
use chrono::{DateTime, TimeDelta, Utc};
use config::Merchant;
use config::certificates::{self, CertificateRole};
use gateway::GatewayError;
use serde::Serialize;
use store::BeijingTime;
use tracing::warn;

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::gateway_answer::could_not_ask;

/// A certificate as of now.
#[derive(Serialize)]
pub(crate) struct CertificateLine<'a> {
    pub(crate) merchant: &'a str,
    /// `app`, `alipay` or `root`.
    pub(crate) role: &'static str,
    /// Alipay's number of it.
    pub(crate) sn: &'a str,
    pub(crate) subject: &'a str,
    pub(crate) issuer: &'a str,
    not_before: BeijingTime,
    pub(crate) not_after: BeijingTime,
    /// Whole days; below zero when it has ended.
    pub(crate) days_left: i64,
    pub(crate) state: CertificateState,
}

impl<'a> CertificateLine<'a> {
    fn new(
        merchant: &'a str,
        (role, certificate): (CertificateRole, &'a Certificate),
        within: TimeDelta,
        at: DateTime<Utc>,
    ) -> CertificateLine<'a> {
        let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
        CertificateLine {
            merchant,
            role: role.name(),
            sn: certificate.sn(),
            subject: certificate.subject(),
            issuer: certificate.issuer(),
            not_before: BeijingTime(not_before),
            not_after: BeijingTime(not_after),
            days_left: (not_after - at).num_seconds().div_euclid(24 * 3600),
            state: certificate.state(at, within),
        }
    }
}

/// The certificates of one merchant or of all, the first to end first.
pub(crate) fn list<'a>(
    access: &'a Access,
    merchant: Option<&str>,
    within: TimeDelta,
) -> Result<Vec<CertificateLine<'a>>, Failure> {
    let merchants: Vec<&Merchant> = match merchant {
        Some(name) => vec![access.merchant(name)?],
        None => access.config.merchants.values().collect(),
    };
    let at = Utc::now();
    let lines = merchants.into_iter().flat_map(|merchant| {
        certificates::of(merchant)
            .map(move |one| CertificateLine::new(&merchant.name, one, within, at))
    });
    let mut lines: Vec<CertificateLine<'_>> = lines.collect();
    lines.sort_by_key(|line| (line.not_after.0, line.merchant));
    Ok(lines)
}

/// An error unless all are valid, and stay valid for the `days` that [`list`] looked ahead.
pub(crate) fn check(lines: &[CertificateLine<'_>], days: u16) -> Result<(), Failure> {
    let count = |state| lines.iter().filter(|line| line.state == state).count();
    let ended = count(CertificateState::Expired);
    let early = count(CertificateState::NotYetValid);
    let soon = count(CertificateState::EndsSoon);
    if ended + early + soon == 0 {
        return Ok(());
    }
    Err(Failure::Refused(format!(
        "certificates: {ended} expired, {early} not valid yet, {soon} to expire within {} days",
        days
    )))
}

/// A certificate that Alipay's gateway gave.
#[derive(Serialize)]
pub(crate) struct DownloadedCertificate {
    merchant: String,
    sn: String,
    subject: String,
    issuer: String,
    not_before: BeijingTime,
    not_after: BeijingTime,
    /// The certificate and those of its issuers.
    pub(crate) pem: String,
}

/// Asks the gateway for a certificate by its number.
pub(crate) fn download(
    access: &Access,
    merchant: &str,
    sn: &str,
) -> Result<DownloadedCertificate, Failure> {
    let merchant = access.merchant(merchant)?;
    let asked = access.block_on(async { Ok(access.gateway().certificate(merchant, sn).await) })?;
    let certificate = asked.map_err(|error| match error {
        GatewayError::Answer(alipay::AnswerError::Refused { .. })
        | GatewayError::Certificate(_) => Failure::Refused(error.to_string()),
        error => could_not_ask(&error),
    })?;
    if let Err(error) = certificate.check_time(Utc::now()) {
        warn!("{error}: it verifies nothing now");
    }
    if merchant.public_keys.iter().any(|key| key.certificate() == Some(&certificate)) {
        warn!("merchants.{} has this certificate already", merchant.name);
    }
    let pem = certificate.pem();
    Ok(DownloadedCertificate {
        merchant: merchant.name.clone(),
        sn: certificate.sn().to_owned(),
        subject: certificate.subject().to_owned(),
        issuer: certificate.issuer().to_owned(),
        not_before: BeijingTime(certificate.not_before()),
        not_after: BeijingTime(certificate.not_after()),
        pem: pem.map_err(|error| Failure::Refused(format!("the certificate: {error}")))?,
    })
}

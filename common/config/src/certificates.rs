//! The certificates of a configuration: which there are, and a warning about those that end.
//!
//! What is out of date is refused where it is used and never when the configuration is read. So
//! the log reports it when a program starts or reads its merchants again, and a metric is there to alarm on.

use alipay::{Certificate, CertificateState};
use chrono::{DateTime, TimeDelta, Utc};
use service::metric;
use strum::IntoStaticStr;

use crate::{Config, Merchant};

/// A certificate that ends within so many days is worth a warning.
pub const WARN_DAYS: u16 = 30;

/// What a certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum CertificateRole {
    /// The application's own, `app_cert`.
    App,
    /// Alipay's, of `alipay_public_keys`.
    Alipay,
    /// One of `alipay_root_cert`.
    Root,
}

impl CertificateRole {
    /// `app`, `alipay` or `root`.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Every certificate of a merchant. Of the roots those that can vouch for one.
pub fn of(merchant: &Merchant) -> impl Iterator<Item = (CertificateRole, &Certificate)> {
    let app = merchant.app_cert.iter().map(|certificate| (CertificateRole::App, certificate));
    let alipay = merchant.public_keys.iter().filter_map(alipay::PublicKey::certificate);
    let alipay = alipay.map(|certificate| (CertificateRole::Alipay, certificate));
    let roots = merchant.alipay_root_cert.iter().flat_map(|roots| roots.certificates());
    app.chain(alipay).chain(roots.map(|certificate| (CertificateRole::Root, certificate)))
}

/// Logs the certificates that are out of date or soon will be, and sets the metric
/// `alipay_certificate_first_end_timestamp_seconds`: when the first of all ends, in Unix time.
pub fn report(config: &Config, at: DateTime<Utc>) {
    let mut first_end = None;
    for merchant in config.merchants.values() {
        for (role, certificate) in of(merchant) {
            log(&merchant.name, role, certificate, at);
            let end = certificate.not_after();
            first_end = Some(first_end.map_or(end, |first: DateTime<Utc>| first.min(end)));
        }
    }
    if let Some(end) = first_end {
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into 53 bits")]
        metrics::gauge!(metric::CERTIFICATE_END).set(end.timestamp() as f64);
    }
}

fn log(merchant: &str, role: CertificateRole, certificate: &Certificate, at: DateTime<Utc>) {
    let (role, sn) = (role.name(), certificate.sn());
    if let Err(error) = certificate.check_time(at) {
        tracing::error!(merchant, role, %error, "a certificate is out of date: it is not used");
    } else if certificate.state(at, TimeDelta::days(WARN_DAYS.into())) == CertificateState::EndsSoon
    {
        let ends = certificate.not_after();
        tracing::warn!(merchant, role, sn, %ends, "a certificate expires soon");
    }
}

//! Certificates that end.

use alipay::{Certificate, CertificateState};
use chrono::{DateTime, TimeDelta, Utc};
use config::Merchant;
use config::certificates::{self, CertificateRole, WARN_DAYS};
use store::BeijingTime;

use super::{Description, Urgency, length};
use crate::operations::overview::Overview;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CertificateFinding {
    /// It has ended: it is not used any more.
    Ended { whose: String, until: BeijingTime },
    /// It has not begun.
    NotBegun { whose: String, from: BeijingTime },
    /// It ends within [`WARN_DAYS`].
    Ends { whose: String, until: BeijingTime, left: TimeDelta },
}

/// A certificate of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CertificateSpan {
    /// Its role and its merchant, as `app certificate of merchant shop`.
    pub(crate) whose: String,
    pub(crate) from: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
}

impl CertificateSpan {
    /// All of a merchant.
    pub(crate) fn all(merchant: &Merchant) -> Vec<CertificateSpan> {
        let span = |(role, certificate): (CertificateRole, &Certificate)| CertificateSpan {
            whose: format!("{} certificate of merchant {}", role.name(), merchant.name),
            from: certificate.not_before(),
            until: certificate.not_after(),
        };
        certificates::of(merchant).map(span).collect()
    }

    fn state(&self, at: DateTime<Utc>) -> CertificateState {
        CertificateState::of(self.from, self.until, at, TimeDelta::days(WARN_DAYS.into()))
    }
}

pub(super) fn judge(overview: &Overview) -> Vec<CertificateFinding> {
    let at = overview.at.0;
    // Its successor is configured already: the old one may stay for what it signed, and needs no action.
    let has_next = |span: &CertificateSpan| {
        overview
            .certificates
            .iter()
            .any(|other| other.whose == span.whose && other.state(at) == CertificateState::Valid)
    };
    let found = overview.certificates.iter().filter_map(|span| {
        let whose = span.whose.clone();
        let (from, until) = (BeijingTime(span.from), BeijingTime(span.until));
        match span.state(at) {
            CertificateState::Valid => None,
            CertificateState::NotYetValid => Some(CertificateFinding::NotBegun { whose, from }),
            _ if has_next(span) => None,
            CertificateState::Expired => Some(CertificateFinding::Ended { whose, until }),
            CertificateState::EndsSoon => {
                Some(CertificateFinding::Ends { whose, until, left: span.until - at })
            }
        }
    });
    found.collect()
}

impl CertificateFinding {
    /// What it says of itself.
    pub(crate) fn describe(&self) -> Description {
        let (CertificateFinding::Ended { whose, .. }
        | CertificateFinding::NotBegun { whose, .. }
        | CertificateFinding::Ends { whose, .. }) = self;
        let description = match self {
            CertificateFinding::Ended { until, .. } => {
                Description::new(Urgency::Now, "certificate_ended", "证书已过期")
                    .seen(format!("the {whose} expired {until}: it is not used any more"))
            }
            CertificateFinding::NotBegun { from, .. } => {
                Description::new(Urgency::Now, "certificate_not_begun", "证书尚未生效")
                    .seen(format!("the {whose} is valid from {from} on: it is not used yet"))
            }
            CertificateFinding::Ends { until, left, .. } => {
                Description::new(Urgency::Soon, "certificate_ends_soon", "证书即将到期")
                    .seen(format!("the {whose} ends in {} ({until})", length(*left)))
            }
        };
        description.advice(match whose.starts_with(CertificateRole::App.name()) {
            true => "ops certs; make a new one on open.alipay.com, replace app_cert_file and private_key_file together, reload",
            false => "ops certs; get the new one from open.alipay.com and put it beside the old one",
        })
    }
}

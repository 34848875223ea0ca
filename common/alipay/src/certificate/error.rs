//! Why a certificate is not used.

use chrono::{DateTime, Utc};

/// Why a certificate is not used. What it says about the certificate is public.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Its time is over.
    #[error("the certificate {sn} expired at {not_after}")]
    Expired {
        /// Alipay's number of the certificate.
        sn: String,
        /// Its last second.
        not_after: DateTime<Utc>,
    },
    /// Its time has not begun.
    #[error("the certificate {sn} is valid only from {not_before}")]
    NotYetValid {
        /// Alipay's number of the certificate.
        sn: String,
        /// Its first second.
        not_before: DateTime<Utc>,
    },
    /// It is another one than the one that was asked for.
    #[error("the certificate {asked} was asked for, and {sn} came")]
    OtherNumber {
        /// The number that was asked for.
        asked: String,
        /// The number of what came.
        sn: String,
    },
    /// The certificates in its file lead from its issuer to none of the roots.
    #[error(
        "the certificate {sn} was issued by {issuer}, and its file leads from there to none of the roots"
    )]
    UnknownIssuer {
        /// Alipay's number of the certificate.
        sn: String,
        /// The name of the issuer.
        issuer: String,
    },
    /// It names an issuer that is known, but is not signed by it, or in a way that is not allowed.
    #[error("the certificate {sn} is not issued by one of the roots: {reason}")]
    NotIssued {
        /// Alipay's number of the certificate.
        sn: String,
        /// What the check says.
        reason: String,
    },
}

//! Why a signature was not accepted.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::{CertificateError, SignType, Verified};

/// Why a signature was not accepted. Holds no key and no signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no `sign`, or an empty one.
    #[error("the message has no sign")]
    Missing,
    /// The message names a sign type that the merchant's configuration does not allow.
    #[error("the sign_type {sign_type} is not allowed (allowed: {})", listed(.allowed))]
    SignTypeNotAllowed {
        /// The word in the message, unprintable bytes escaped, cut after 64 characters.
        sign_type: String,
        /// The sign types that are allowed.
        allowed: Vec<SignType>,
    },
    /// The signature is not 32 lower-case hex digits (MD5) or not strict base64 (RSA, RSA2).
    #[error("the sign is not well-formed")]
    Malformed,
    /// No key that was tried made this signature.
    #[error("the sign does not match{}", attempts(.tried))]
    Mismatch {
        /// What was tried, in this order; nothing when a single key was asked or the signed bytes
        /// were given as they are.
        tried: Vec<Verified>,
    },
    /// The sign is right, by a key whose certificate had ended by then.
    #[error(
        "the sign is right, but the certificate of its key, {sn}, expired at {not_after}: get Alipay's \
         present certificate"
    )]
    CertificateExpired {
        /// Alipay's number of the certificate.
        sn: String,
        /// Its last second.
        not_after: DateTime<Utc>,
    },
    /// The sign is right, by a key whose certificate had not begun by then.
    #[error(
        "the sign is right, but the certificate of its key, {sn}, is valid only from {not_before}"
    )]
    CertificateNotYetValid {
        /// Alipay's number of the certificate.
        sn: String,
        /// Its first second.
        not_before: DateTime<Utc>,
    },
    /// The sign is right, by a key that was retired before the message came.
    #[error(
        "the sign is right, but its key {fingerprint} is retired and only verifies what was received before {until}"
    )]
    KeyRetired {
        /// [`Verifier::fingerprint`](crate::Verifier::fingerprint) of the key.
        fingerprint: String,
        /// Its end.
        until: DateTime<Utc>,
    },
    /// The key that verified the message when it came is not configured any more.
    #[error(
        "it was verified with the key {fingerprint}, which is not configured any more: \
         configure it as a retired key"
    )]
    UnknownKey {
        /// [`Verifier::fingerprint`](crate::Verifier::fingerprint) of the key, cut after 64 characters.
        fingerprint: String,
    },
    /// An answer names a certificate of Alipay (`alipay_cert_sn`) that is not configured.
    #[error(
        "the answer is signed under Alipay's certificate {sn}, which is not configured: get that one from Alipay"
    )]
    UnknownCertificate {
        /// Alipay's number of the certificate: what the answer says, cut after 64 characters.
        sn: String,
    },
}

impl SignatureError {
    /// What it means for a signature that the certificate of its key is not valid at that time.
    pub(crate) fn outdated(error: CertificateError) -> Option<SignatureError> {
        match error {
            CertificateError::Expired { sn, not_after } => {
                Some(SignatureError::CertificateExpired { sn, not_after })
            }
            CertificateError::NotYetValid { sn, not_before } => {
                Some(SignatureError::CertificateNotYetValid { sn, not_before })
            }
            CertificateError::OtherNumber { .. }
            | CertificateError::UnknownIssuer { .. }
            | CertificateError::NotIssued { .. } => None,
        }
    }

    /// A short word for logs and metrics: `missing_sign`, `sign_type_not_allowed`, `bad_signature`,
    /// `certificate_expired`, `certificate_not_yet_valid`, `unknown_certificate`, `key_retired` or
    /// `unknown_key`.
    pub fn reason_code(&self) -> &'static str {
        match self {
            SignatureError::Missing => "missing_sign",
            SignatureError::SignTypeNotAllowed { .. } => "sign_type_not_allowed",
            SignatureError::Malformed | SignatureError::Mismatch { .. } => "bad_signature",
            SignatureError::CertificateExpired { .. } => "certificate_expired",
            SignatureError::CertificateNotYetValid { .. } => "certificate_not_yet_valid",
            SignatureError::UnknownCertificate { .. } => "unknown_certificate",
            SignatureError::KeyRetired { .. } => "key_retired",
            SignatureError::UnknownKey { .. } => "unknown_key",
        }
    }
}

fn attempts(tried: &[Verified]) -> String {
    if tried.is_empty() { String::new() } else { format!(" (tried: {})", listed(tried)) }
}

/// Items of an error message.
fn listed(items: &[impl fmt::Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

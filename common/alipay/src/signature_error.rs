//! Why a signature was not accepted.

use std::fmt;

use crate::{SignType, Verified};

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
}

impl SignatureError {
    /// A short word for logs and metrics: `missing_sign`, `sign_type_not_allowed` or
    /// `bad_signature`.
    pub fn reason_code(&self) -> &'static str {
        match self {
            SignatureError::Missing => "missing_sign",
            SignatureError::SignTypeNotAllowed { .. } => "sign_type_not_allowed",
            SignatureError::Malformed | SignatureError::Mismatch { .. } => "bad_signature",
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

//! What can be wrong with a key.

use crate::SignType;

/// Why a key cannot be used. Says what was found, never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is no text, or an MD5 secret without a character (anybody could sign with it).
    #[error("the key is empty")]
    Empty,
    /// A PEM block that does not end.
    #[error("the PEM block {label} has no END line")]
    UnfinishedPem {
        /// The label of the BEGIN line.
        label: String,
    },
    /// The text is neither PEM nor base64.
    #[error("the key is neither PEM nor base64 ({reason})")]
    NotBase64 {
        /// What the base64 decoder says.
        reason: String,
    },
    /// The key is protected by a password.
    #[error("the key is encrypted with a password; store it without one")]
    Encrypted,
    /// The text decodes, but not to a key or certificate.
    #[error("the text decodes, but is not a known kind of key (expected {expected})")]
    Unknown {
        /// What belongs here.
        expected: &'static str,
    },
    /// A key of the wrong kind: a private key where a public key belongs, or the reverse.
    #[error("a {found} was given where a {expected} belongs")]
    Unexpected {
        /// What belongs here.
        expected: &'static str,
        /// What was found.
        found: &'static str,
    },
    /// A key of another algorithm.
    #[error("not an RSA key (its algorithm is {algorithm})")]
    NotRsa {
        /// The object identifier of the algorithm.
        algorithm: String,
    },
    /// An RSA key with too few bits: 1,024 are the least at all, RSA2 needs 2,048.
    #[error("the RSA key has {bits} bits, at least {needed} are needed")]
    TooShort {
        /// Bits of the key.
        bits: usize,
        /// Bits that it must have.
        needed: usize,
    },
    /// Numbers that make no RSA key, or one of more than 8,192 bits; certificates that cannot serve.
    #[error("the key or certificate is not usable: {reason}")]
    Unusable {
        /// What is wrong, or what the cryptographic library says.
        reason: String,
    },
    /// No sign type is allowed at all.
    #[error("no sign_type is allowed")]
    NoSignTypes,
    /// A sign type is allowed, but there is no key for it.
    #[error("{sign_type} is allowed, but there is no key for it")]
    NoKey {
        /// The sign type.
        sign_type: SignType,
    },
    /// An RSA key cannot make an MD5 signature.
    #[error("an RSA key cannot sign {sign_type}")]
    NotForRsa {
        /// The sign type.
        sign_type: SignType,
    },
    /// The cryptographic library failed to sign.
    #[error("signing failed: {reason}")]
    SigningFailed {
        /// What the cryptographic library says.
        reason: String,
    },
}

//! The values of the parameter `sign_type`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A signature algorithm, named by the parameter `sign_type`.
///
/// Alipay's fourth word, `DSA`, is obsolete and not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SignType {
    /// MD5 over the signed text followed by the merchant's secret, 32 lower-case hex digits.
    #[serde(rename = "MD5")]
    Md5,
    /// RSA with SHA-1, PKCS#1 v1.5, base64.
    #[serde(rename = "RSA")]
    Rsa,
    /// RSA with SHA-256, PKCS#1 v1.5, base64.
    #[serde(rename = "RSA2")]
    Rsa2,
}

impl SignType {
    /// The word on the wire: `MD5`, `RSA` or `RSA2`.
    pub fn name(self) -> &'static str {
        match self {
            SignType::Md5 => "MD5",
            SignType::Rsa => "RSA",
            SignType::Rsa2 => "RSA2",
        }
    }
}

impl fmt::Display for SignType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is not a supported `sign_type`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown sign_type {0:?}: expected MD5, RSA or RSA2")]
pub struct UnknownSignType(String);

impl FromStr for SignType {
    type Err = UnknownSignType;

    /// Exactly `MD5`, `RSA` or `RSA2`: other cases are other words.
    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "MD5" => Ok(SignType::Md5),
            "RSA" => Ok(SignType::Rsa),
            "RSA2" => Ok(SignType::Rsa2),
            other => Err(UnknownSignType(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::SignType;

    #[test]
    fn exact_words_only() {
        for sign_type in [SignType::Md5, SignType::Rsa, SignType::Rsa2] {
            assert_eq!(sign_type.to_string().parse(), Ok(sign_type));
            let json = serde_json::to_string(&sign_type).unwrap();
            assert_eq!(json, format!("\"{sign_type}\""));
        }
        for other in ["md5", "rsa", "RSA ", "DSA", ""] {
            assert!(other.parse::<SignType>().is_err(), "{other:?}");
        }
    }
}

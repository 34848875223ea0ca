//! The values of the parameter `sign_type`.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr};

/// A signature algorithm, named by the parameter `sign_type`.
///
/// Words are read exactly: other cases are other words. Alipay's fourth word, `DSA`, is obsolete and not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[derive(Serialize, Deserialize, Display, EnumString, IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum SignType {
    /// MD5 over the signed text followed by the merchant's secret, 32 lower-case hex digits.
    Md5,
    /// RSA with SHA-1, PKCS#1 v1.5, base64.
    Rsa,
    /// RSA with SHA-256, PKCS#1 v1.5, base64.
    Rsa2,
}

impl SignType {
    /// The word on the wire: `MD5`, `RSA` or `RSA2`.
    pub fn name(self) -> &'static str {
        self.into()
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

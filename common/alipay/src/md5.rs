//! MD5 signatures of the legacy gateway.

use std::fmt;

use md5::{Digest, Md5};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What is hashed before the secret, so that its fingerprint is the hash of nothing else.
const FINGERPRINT_LABEL: &[u8] = b"alipay MD5 key fingerprint\0";

/// A merchant's MD5 secret, of any length. Never printed.
///
/// The secret is symmetric: anyone who knows it can forge notifications.
#[derive(Clone, PartialEq, Eq)]
pub struct Md5Key(Vec<u8>);

impl Md5Key {
    /// A secret, byte by byte as the merchant's console shows it; nothing is trimmed.
    pub fn new(secret: impl Into<Vec<u8>>) -> Md5Key {
        Md5Key(secret.into())
    }

    /// What names this key in a message: 16 hex digits of a SHA-256. It reveals nothing
    /// that the MD5 signature in the message does not reveal: both let a guess be checked.
    pub fn fingerprint(&self) -> String {
        let hash = Sha256::new().chain_update(FINGERPRINT_LABEL).chain_update(&self.0).finalize();
        base16ct::lower::encode_string(&hash[..8])
    }

    /// Whether it looks like one that Alipay has issued: 32 lower-case letters and digits.
    pub fn looks_issued(&self) -> bool {
        self.0.len() == 32 && self.0.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'z'))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a signature is this key's for a text. Takes the same time wherever they differ.
    pub(crate) fn verify(&self, content: &[u8], signature: &[u8]) -> bool {
        md5_sign(self, content).as_bytes().ct_eq(signature).into()
    }
}

impl fmt::Debug for Md5Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Md5Key(secret)")
    }
}

/// The MD5 signature of a canonical text: MD5 over the text followed directly by the secret, as
/// 32 lower-case hex digits.
pub fn md5_sign(key: &Md5Key, content: &[u8]) -> String {
    let digest = Md5::new().chain_update(content).chain_update(&key.0).finalize();
    base16ct::lower::encode_string(&digest)
}

/// Whether a signature has the form of an MD5 signature.
pub(crate) fn is_md5_signature(signature: &[u8]) -> bool {
    signature.len() == 32 && signature.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Md5Key, is_md5_signature, md5_sign};

    #[test]
    fn signs_and_verifies() {
        let key = Md5Key::new("10000000000000000000000000000000");
        let signature = md5_sign(&key, b"partner=123&service=test");
        assert!(is_md5_signature(signature.as_bytes()));
        assert!(key.verify(b"partner=123&service=test", signature.as_bytes()));
        assert!(!key.verify(b"partner=124&service=test", signature.as_bytes()));
        assert!(!Md5Key::new("2").verify(b"partner=123&service=test", signature.as_bytes()));
        // Of the MD5 test suite, RFC 1321: the secret follows the text without a separator.
        assert_eq!(md5_sign(&Md5Key::new("c"), b"ab"), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn other_forms_are_no_signature() {
        for other in [
            "900150983CD24FB0D6963F7D28E17F72",
            "900150983cd24fb0d6963f7d28e17f7",
            "900150983cd24fb0d6963f7d28e17f72 ",
            "900150983cd24fb0d6963f7d28e17f7g",
            "",
        ] {
            assert!(!is_md5_signature(other.as_bytes()), "{other:?}");
        }
    }

    /// Messages name keys by it: it never changes.
    #[test]
    fn fingerprint() {
        assert_eq!(Md5Key::new("hello").fingerprint(), "98a825259b4632b5");
        assert_ne!(Md5Key::new("hello").fingerprint(), Md5Key::new("hellp").fingerprint());
    }

    #[test]
    fn is_never_printed() {
        assert_eq!(format!("{:?}", Md5Key::new("hello")), "Md5Key(secret)");
    }
}

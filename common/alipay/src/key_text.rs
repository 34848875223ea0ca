//! The forms in which people store RSA keys: from text to the numbers of a key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1;
use rsa::pkcs8::PrivateKeyInfoRef;
use rsa::pkcs8::der::Decode;
use rsa::pkcs8::spki::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use x509_cert::Certificate;

use crate::KeyError;

/// Alipay's files have four at most.
const MAX_CERTIFICATES: usize = 16;

const CERTIFICATE: &str = "certificate";
const PUBLIC: &str = "public key or certificate";
const PRIVATE: &str = "private key";

/// What a text that should hold a public key holds.
pub(crate) enum PublicKeyText {
    /// The PKCS#1 `RSAPublicKey`.
    Key(Vec<u8>),
    /// A certificate, which [`certificates_der`] reads.
    Certificate,
}

/// The public key in a text: PEM or bare base64 of an SPKI, a PKCS#1 public key or a certificate. Of
/// several PEM blocks, the first counts.
pub(crate) fn public_key_der(text: &str) -> Result<PublicKeyText, KeyError> {
    let der = decode(text)?;
    match DerContent::in_der(&der) {
        DerContent::PublicKey(key) => Ok(PublicKeyText::Key(key)),
        DerContent::Certificate => Ok(PublicKeyText::Certificate),
        DerContent::PrivateKey(_) => {
            Err(KeyError::Unexpected { expected: PUBLIC, found: "private key" })
        }
        DerContent::OtherAlgorithm(algorithm) => Err(KeyError::NotRsa { algorithm }),
        DerContent::Nothing => Err(KeyError::Unknown { expected: PUBLIC }),
    }
}

/// The PKCS#1 `RSAPrivateKey` in a text: PEM or bare base64 of a PKCS#8 or PKCS#1 private key.
pub(crate) fn private_key_der(text: &str) -> Result<Vec<u8>, KeyError> {
    let der = decode(text)?;
    match DerContent::in_der(&der) {
        DerContent::PrivateKey(key) => Ok(key),
        DerContent::PublicKey(_) | DerContent::Certificate => {
            Err(KeyError::Unexpected { expected: PRIVATE, found: PUBLIC })
        }
        DerContent::OtherAlgorithm(algorithm) => Err(KeyError::NotRsa { algorithm }),
        DerContent::Nothing => Err(KeyError::Unknown { expected: PRIVATE }),
    }
}

/// The DER of every certificate in a text: PEM blocks, or the bare base64 of one. At least one; each
/// at least looks like a certificate.
pub(crate) fn certificates_der(text: &str) -> Result<Vec<Vec<u8>>, KeyError> {
    let mut found = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        if found.len() == MAX_CERTIFICATES {
            let reason = format!("it has more than {MAX_CERTIFICATES} certificates");
            return Err(KeyError::Unusable { reason });
        }
        let der = decode(text)?;
        match DerContent::in_der(&der) {
            DerContent::Certificate => {}
            DerContent::PublicKey(_) => return Err(not_a_certificate("public key")),
            DerContent::PrivateKey(_) => return Err(not_a_certificate("private key")),
            DerContent::OtherAlgorithm(_) | DerContent::Nothing => {
                return Err(KeyError::Unknown { expected: CERTIFICATE });
            }
        }
        found.push(der);
        // What follows the block that was just read.
        rest = text
            .split_once("-----BEGIN ")
            .and_then(|(_, block)| block.split_once("-----END "))
            .map(|(_, rest)| rest)
            .filter(|rest| rest.contains("-----BEGIN "));
    }
    Ok(found)
}

fn not_a_certificate(found: &'static str) -> KeyError {
    KeyError::Unexpected { expected: CERTIFICATE, found }
}

/// Takes the first PEM block, or the whole text, without its white space, as base64.
///
/// Not a strict PEM reader on purpose: the lines of Alipay's own certificates have 76 characters
/// where PEM wants 64, and consoles show keys as one long line.
fn decode(text: &str) -> Result<Vec<u8>, KeyError> {
    let text_start = text.as_ptr() as usize;
    let base64 = match text.split_once("-----BEGIN ") {
        // Editors on Windows put a byte order mark in front.
        None => text.strip_prefix('\u{feff}').unwrap_or(text),
        Some((_, rest)) => pem_block(rest)?,
    };
    let offset = base64.as_ptr() as usize - text_start;
    if let Some((at, character)) = base64.char_indices().find(|(_, it)| !is_base64(*it)) {
        let (byte, code) = (offset + at + 1, u32::from(character));
        return Err(KeyError::NotBase64 { reason: format!("byte {byte} is U+{code:04X}") });
    }
    let base64: String = base64.split_whitespace().collect();
    if base64.is_empty() {
        return Err(KeyError::Empty);
    }
    STANDARD.decode(base64).map_err(|error| KeyError::NotBase64 { reason: error.to_string() })
}

/// A character of base64, or white space between them.
fn is_base64(character: char) -> bool {
    character.is_ascii_alphanumeric()
        || matches!(character, '+' | '/' | '=')
        || character.is_whitespace()
}

/// The inside of a PEM block, given what follows its `-----BEGIN `.
///
/// The label does not count: people wrap PKCS#1 in `PUBLIC KEY`. What counts is inside.
fn pem_block(rest: &str) -> Result<&str, KeyError> {
    let label = rest.split("-----").next().unwrap_or_default();
    let unfinished = || KeyError::UnfinishedPem { label: label.chars().take(64).collect() };
    let (_, block) = rest.split_once("-----").ok_or_else(unfinished)?;
    let (block, _) = block.split_once("-----END ").ok_or_else(unfinished)?;
    // OpenSSL's old form says it in a header, PKCS#8 in its label.
    if label.starts_with("ENCRYPTED") || block.contains("Proc-Type:") {
        return Err(KeyError::Encrypted);
    }
    Ok(block)
}

/// What a DER text turned out to be.
enum DerContent {
    /// An RSA public key, as PKCS#1 DER.
    PublicKey(Vec<u8>),
    /// An RSA private key, as PKCS#1 DER.
    PrivateKey(Vec<u8>),
    /// A certificate, of any algorithm.
    Certificate,
    /// A key of another algorithm, named by its object identifier.
    OtherAlgorithm(String),
    Nothing,
}

impl DerContent {
    /// The forms exclude each other: their outermost SEQUENCEs begin differently.
    fn in_der(der: &[u8]) -> DerContent {
        let rsa = |algorithm: ObjectIdentifier, key: DerContent| match algorithm {
            pkcs1::ALGORITHM_OID => key,
            other => DerContent::OtherAlgorithm(other.to_string()),
        };
        if let Ok(spki) = SubjectPublicKeyInfoRef::from_der(der) {
            let key = DerContent::PublicKey(spki.subject_public_key.raw_bytes().to_vec());
            rsa(spki.algorithm.oid, key)
        } else if Certificate::from_der(der).is_ok() {
            DerContent::Certificate
        } else if pkcs1::RsaPublicKeyRef::from_der(der).is_ok() {
            DerContent::PublicKey(der.to_vec())
        } else if let Ok(pkcs8) = PrivateKeyInfoRef::from_der(der) {
            rsa(pkcs8.algorithm.oid, DerContent::PrivateKey(pkcs8.private_key.as_bytes().to_vec()))
        } else if pkcs1::RsaPrivateKeyRef::from_der(der).is_ok() {
            DerContent::PrivateKey(der.to_vec())
        } else {
            DerContent::Nothing
        }
    }
}

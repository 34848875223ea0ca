//! Alipay's public keys.

use std::fmt;

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1;
use rsa::pkcs8::der::asn1::BitStringRef;
use rsa::pkcs8::der::{Decode, Encode};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use sha2::{Digest, Sha256};

use crate::key_text::PublicKeyText;
use crate::{Certificate, KeyError, SignType, SignatureError, key_text};

/// The least number of bits of any RSA key.
const MIN_BITS: usize = 1024;
/// The least number of bits of a key that RSA2 may use.
pub(crate) const MIN_BITS_RSA2: usize = 2048;

/// An RSA public key, parsed once, ready to verify; perhaps one out of a certificate.
#[derive(Clone)]
pub struct PublicKey {
    rsa: ParsedPublicKey,
    rsa2: ParsedPublicKey,
    bits: usize,
    fingerprint: String,
    certificate: Option<Certificate>,
}

impl PublicKey {
    /// Reads a key in any form that Alipay's consoles and tools give it: PEM (SPKI, PKCS#1 or a
    /// certificate, the first of a bundle) or the bare base64 of one of these. Line breaks and
    /// spaces inside do not matter. A key out of a [`Certificate`] keeps it, and is used by a
    /// [`Verifier`](crate::Verifier) only while that is valid.
    ///
    /// # Errors
    /// Anything else; [`KeyError`] says what was found. Keys under 1,024 bits are refused.
    pub fn read(text: &str) -> Result<PublicKey, KeyError> {
        match key_text::public_key_der(text)? {
            PublicKeyText::Key(der) => PublicKey::from_pkcs1(&der),
            PublicKeyText::Certificate => Ok(Certificate::read(text)?.public_key()),
        }
    }

    /// A key from the DER of a PKCS#1 `RSAPublicKey`.
    pub(crate) fn from_pkcs1(der: &[u8]) -> Result<PublicKey, KeyError> {
        let unusable = |reason: String| KeyError::Unusable { reason };
        let key =
            pkcs1::RsaPublicKeyRef::from_der(der).map_err(|error| unusable(error.to_string()))?;
        let bits = bits(key.modulus.as_bytes());
        if bits < MIN_BITS {
            return Err(KeyError::TooShort { bits, needed: MIN_BITS });
        }
        if bits > 8192 {
            return Err(unusable(format!("it has {bits} bits, more than 8192")));
        }
        let spki = spki(der).map_err(|error| unusable(error.to_string()))?;
        let rsa2 = match bits {
            // Verifier refuses these for RSA2; gateway answers of old test accounts use them.
            ..MIN_BITS_RSA2 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            _ => &RSA_PKCS1_2048_8192_SHA256,
        };
        Ok(PublicKey {
            rsa: ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, &spki)
                .map_err(|error| unusable(error.to_string()))?,
            rsa2: ParsedPublicKey::new(rsa2, &spki).map_err(|error| unusable(error.to_string()))?,
            bits,
            fingerprint: base16ct::lower::encode_string(&Sha256::digest(&spki)),
            certificate: None,
        })
    }

    /// The same key as one out of a certificate.
    pub(crate) fn in_certificate(self, certificate: Certificate) -> PublicKey {
        PublicKey { certificate: Some(certificate), ..self }
    }

    /// The certificate that the key came out of.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// The length of the modulus in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The SHA-256 of the key's SPKI DER, 64 lower-case hex digits: the same key has the same
    /// fingerprint whatever form it was stored in. It is no secret.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }

    /// What names this key in a message: the first 16 digits of [`PublicKey::fingerprint`].
    pub fn short_fingerprint(&self) -> String {
        self.fingerprint.chars().take(16).collect()
    }

    /// Verifies a signature over a text, whether a certificate is valid or not.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`] when the signature is not strict base64 (padding included),
    /// [`SignatureError::Mismatch`] when it is not this key's, and
    /// [`SignatureError::SignTypeNotAllowed`] for MD5, which an RSA key cannot verify.
    pub fn verify(
        &self,
        sign_type: SignType,
        content: &[u8],
        signature_base64: &[u8],
    ) -> Result<(), SignatureError> {
        if sign_type == SignType::Md5 {
            return Err(SignatureError::SignTypeNotAllowed {
                sign_type: sign_type.to_string(),
                allowed: vec![SignType::Rsa, SignType::Rsa2],
            });
        }
        let signature = STANDARD.decode(signature_base64).map_err(|_| SignatureError::Malformed)?;
        if self.matches(sign_type, content, &signature) {
            Ok(())
        } else {
            Err(SignatureError::Mismatch { tried: Vec::new() })
        }
    }

    /// Whether a decoded signature is this key's.
    pub(crate) fn matches(&self, sign_type: SignType, content: &[u8], signature: &[u8]) -> bool {
        match sign_type {
            SignType::Md5 => false,
            SignType::Rsa => self.rsa.verify_sig(content, signature).is_ok(),
            SignType::Rsa2 => self.rsa2.verify_sig(content, signature).is_ok(),
        }
    }
}

/// Two keys are equal when they have the same numbers.
impl PartialEq for PublicKey {
    fn eq(&self, other: &PublicKey) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits, SHA-256 {})", self.bits, self.fingerprint)
    }
}

/// The bits of a number without leading zero bytes.
fn bits(modulus: &[u8]) -> usize {
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    modulus.len() * 8 - unused
}

/// Wraps a PKCS#1 public key in the one SPKI form that every tool hashes and reads.
fn spki(pkcs1: &[u8]) -> rsa::pkcs8::der::Result<Vec<u8>> {
    SubjectPublicKeyInfoRef {
        algorithm: pkcs1::ALGORITHM_ID,
        subject_public_key: BitStringRef::from_bytes(pkcs1)?,
    }
    .to_der()
}

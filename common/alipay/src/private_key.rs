//! The merchant's private key, for requests.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::RSA_PKCS1_SHA256;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::Pkcs1v15Sign;
use rsa::pkcs1::{self, DecodeRsaPrivateKey};
use rsa::pkcs8::der::{Decode, Encode};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::public_key::MIN_BITS_RSA2;
use crate::{KeyError, PublicKey, SignType, key_text};

/// An RSA private key. Never printed.
#[derive(Clone)]
pub struct PrivateKey(Arc<Keys>);

/// One key for two libraries: aws-lc-rs signs RSA2 in constant time, but cannot sign SHA-1 and
/// takes no short keys; there `rsa` signs, blinded.
struct Keys {
    rsa: rsa::PrivateKey,
    rsa2: Option<KeyPair>,
    public: PublicKey,
}

impl PrivateKey {
    /// Reads a PKCS#8 or PKCS#1 private key, PEM or bare base64.
    ///
    /// # Errors
    /// Anything else, a public key, a key with a password; [`KeyError`] says what was found.
    pub fn read(text: &str) -> Result<PrivateKey, KeyError> {
        let unusable = |error: &dyn fmt::Display| KeyError::Unusable { reason: error.to_string() };
        let der = key_text::private_key_der(text)?;
        let parts = pkcs1::RsaPrivateKeyRef::from_der(&der).map_err(|error| unusable(&error))?;
        let public = parts.public_key().to_der().map_err(|error| unusable(&error))?;
        let public = PublicKey::from_pkcs1(&public)?;
        let rsa = rsa::PrivateKey::from_pkcs1_der(&der).map_err(|error| unusable(&error))?;
        let rsa2 = match public.bits() {
            ..MIN_BITS_RSA2 => None,
            _ => Some(KeyPair::from_der(&der).map_err(|error| unusable(&error))?),
        };
        Ok(PrivateKey(Arc::new(Keys { rsa, rsa2, public })))
    }

    /// The public key that verifies what this key signs.
    pub fn public_key(&self) -> PublicKey {
        self.0.public.clone()
    }

    /// Signs a canonical text; the signature is base64.
    ///
    /// # Errors
    /// [`KeyError::NotForRsa`] for MD5; [`KeyError::SigningFailed`] when the library fails.
    pub fn sign(&self, sign_type: SignType, content: &[u8]) -> Result<String, KeyError> {
        let failed =
            |error: &dyn fmt::Display| KeyError::SigningFailed { reason: error.to_string() };
        let signature = match (sign_type, &self.0.rsa2) {
            (SignType::Md5, _) => return Err(KeyError::NotForRsa { sign_type }),
            (SignType::Rsa, _) => {
                let digest = Sha1::digest(content);
                self.0.rsa.sign(Pkcs1v15Sign::new::<Sha1>(), &digest)
            }
            (SignType::Rsa2, None) => {
                let digest = Sha256::digest(content);
                self.0.rsa.sign(Pkcs1v15Sign::new::<Sha256>(), &digest)
            }
            (SignType::Rsa2, Some(pair)) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), content, &mut signature)
                    .map_err(|error| failed(&error))?;
                Ok(signature)
            }
        };
        Ok(STANDARD.encode(signature.map_err(|error| failed(&error))?))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(secret, of {:?})", self.0.public)
    }
}

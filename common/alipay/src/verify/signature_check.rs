//! One signature, tried with one key after the other.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

use super::verifier_key::VerifierKey;
use super::{Verified, Verifier};
use crate::md5::is_md5_signature;
use crate::{Rule, SignType, SignatureError};

/// A signature with what may have made it.
pub(super) struct SignatureCheck<'a> {
    pub(super) verifier: &'a Verifier,
    pub(super) sign_types: &'a [SignType],
    pub(super) presented: ParsedSignature<'a>,
    /// The fingerprint of the only key that counts, where one is named.
    pub(super) only: Option<&'a str>,
    /// The only certificate that counts, where the message names one.
    pub(super) cert_sn: Option<&'a str>,
    pub(super) at: DateTime<Utc>,
    /// The keys that did not make it.
    pub(super) tried: Vec<Verified>,
    /// Why a key that made it does not count.
    pub(super) outdated: Option<SignatureError>,
}

impl SignatureCheck<'_> {
    /// Tries every key of every sign type for a text, and notes those that fail. How the text was
    /// made goes into the result.
    pub(super) fn with(
        &mut self,
        content: &[u8],
        rule: Rule,
        without_cert_sn: bool,
    ) -> Option<Verified> {
        for &sign_type in self.sign_types {
            let keys = match sign_type {
                SignType::Md5 => self.verifier.md5_keys.len(),
                SignType::Rsa | SignType::Rsa2 => self.verifier.public_keys.len(),
            };
            for key in 0..keys {
                let verified = Verified { sign_type, rule, key, without_cert_sn };
                match self.made_by(sign_type, key, content) {
                    Some(true) => return Some(verified),
                    Some(false) => self.tried.push(verified),
                    None => {}
                }
            }
        }
        None
    }

    /// Whether this key made the signature and counts; `None` where it was not asked.
    fn made_by(&mut self, sign_type: SignType, key: usize, content: &[u8]) -> Option<bool> {
        let configured = &self.verifier.sign_types;
        if sign_type == SignType::Md5 {
            let signature = self.presented.md5?;
            let held = self.verifier.md5_keys.get(key)?;
            if !self.asks(held) || !held.is_for(sign_type, configured) {
                return None;
            }
            let made = held.key.verify(content, signature);
            return Some(made && self.not_ended(held.ended(self.at)));
        }
        let signature = self.presented.rsa.as_deref()?;
        let held = self.verifier.public_keys.get(key)?;
        if !self.asks(held) || !held.is_for(sign_type, configured) {
            return None;
        }
        let certificate = held.key.certificate();
        if let (Some(certificate), Some(sn)) = (certificate, self.cert_sn)
            && certificate.sn() != sn
        {
            return None;
        }
        if !held.key.matches(sign_type, content, signature) {
            return Some(false);
        }
        // Another one may have the same key and be valid: a certificate can be renewed.
        let valid = certificate.map_or(Ok(()), |certificate| certificate.check_time(self.at));
        let ended = valid.err().and_then(SignatureError::outdated);
        Some(self.not_ended(ended.or_else(|| held.ended(self.at))))
    }

    fn asks<K>(&self, held: &VerifierKey<K>) -> bool {
        self.only.is_none_or(|fingerprint| held.fingerprint() == fingerprint)
    }

    /// Notes why a key that made the signature does not count.
    fn not_ended(&mut self, ended: Option<SignatureError>) -> bool {
        let counts = ended.is_none();
        self.outdated = ended.or(self.outdated.take());
        counts
    }

    /// Why nothing that was tried counts.
    pub(super) fn error(self) -> SignatureError {
        self.outdated.unwrap_or(SignatureError::Mismatch { tried: self.tried })
    }
}

/// A signature, read in the forms that the sign types need.
pub(super) struct ParsedSignature<'a> {
    md5: Option<&'a [u8]>,
    rsa: Option<Vec<u8>>,
}

impl<'a> ParsedSignature<'a> {
    /// `None` when the signature has the form of none of the sign types.
    pub(super) fn read(
        signature: &'a [u8],
        sign_types: &[SignType],
    ) -> Option<ParsedSignature<'a>> {
        let wants_md5 = sign_types.contains(&SignType::Md5);
        let wants_rsa = sign_types.iter().any(|&sign_type| sign_type != SignType::Md5);
        let md5 = (wants_md5 && is_md5_signature(signature)).then_some(signature);
        let rsa = if wants_rsa { STANDARD.decode(signature).ok() } else { None };
        (md5.is_some() || rsa.is_some()).then_some(ParsedSignature { md5, rsa })
    }
}

//! Whether a message was signed by whom it should be.

use std::fmt;
use std::slice;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::form::printable;
use crate::md5::is_md5_signature;
use crate::public_key::LEAST_BITS_RSA2;
use crate::{
    Form, KeyError, Md5Key, Protocol, PublicKey, Rule, SignType, SignatureError, canonical,
};

/// Verifies the messages of one merchant with the keys and sign types of its configuration.
///
/// The configuration decides, not the message: `sign_type` is not covered by the signature, so
/// anybody could change it. A message may only name one of the allowed types. Several keys can be
/// valid at once, for the time of a key change.
#[derive(Debug, Clone)]
pub struct Verifier {
    protocol: Protocol,
    sign_types: Vec<SignType>,
    md5_keys: Vec<Md5Key>,
    public_keys: Vec<PublicKey>,
}

/// How a message was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The algorithm.
    pub sign_type: SignType,
    /// Which parameters the signature covers.
    pub rule: Rule,
    /// Which key, counted from 0 among the MD5 keys or the public keys of the [`Verifier`].
    pub key: usize,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with key {}, {}", self.sign_type, self.key, self.rule)
    }
}

impl Verifier {
    /// A verifier for the given keys.
    ///
    /// # Errors
    /// No sign type, a sign type without a key ([`KeyError::NoKey`]), an empty MD5 key, or a
    /// public key under 2,048 bits where RSA2 is allowed ([`KeyError::TooShort`]). Where RSA is allowed
    /// too, short keys may stand beside one that is long enough.
    pub fn new(
        protocol: Protocol,
        sign_types: Vec<SignType>,
        md5_keys: Vec<Md5Key>,
        public_keys: Vec<PublicKey>,
    ) -> Result<Verifier, KeyError> {
        if sign_types.is_empty() {
            return Err(KeyError::NoSignTypes);
        }
        for &sign_type in &sign_types {
            let missing = match sign_type {
                SignType::Md5 => md5_keys.is_empty(),
                SignType::Rsa | SignType::Rsa2 => public_keys.is_empty(),
            };
            if missing {
                return Err(KeyError::NoKey { sign_type });
            }
        }
        if md5_keys.iter().any(Md5Key::is_empty) {
            return Err(KeyError::Empty);
        }
        // Beside RSA an old short key may stay for the time of the change; RSA2 needs one of its own.
        let is_short = |key: &&PublicKey| key.bits() < LEAST_BITS_RSA2;
        let only_rsa2 = !sign_types.contains(&SignType::Rsa);
        if sign_types.contains(&SignType::Rsa2)
            && (only_rsa2 || public_keys.iter().all(|key| is_short(&key)))
            && let Some(short) = public_keys.iter().find(is_short)
        {
            return Err(KeyError::TooShort { bits: short.bits(), needed: LEAST_BITS_RSA2 });
        }
        Ok(Verifier { protocol, sign_types, md5_keys, public_keys })
    }

    /// Verifies a form, without the parameters named in `ignore`.
    ///
    /// The rule of the protocol comes first: the legacy gateway leaves empty values out of the
    /// signed text, the Open Platform signs them. Sources disagree about both, so the other rule is
    /// tried once when the first one fails, if there is an empty value at all.
    ///
    /// A missing or empty `sign_type` means the configured ones.
    ///
    /// # Errors
    /// [`SignatureError`] says which check failed and which keys were tried.
    pub fn verify(&self, form: &Form, ignore: &[String]) -> Result<Verified, SignatureError> {
        let signature = match form.get("sign") {
            None | Some([]) => return Err(SignatureError::Missing),
            Some(signature) => signature,
        };
        let sign_types = self.sign_types_for(form)?;
        let presented = Presented::read(signature, sign_types).ok_or(SignatureError::Malformed)?;
        let (first, other) = match self.protocol {
            Protocol::Mapi => (Rule::DropEmpty, Rule::Notification),
            Protocol::Openapi => (Rule::Notification, Rule::DropEmpty),
        };
        let mut tried = Vec::new();
        let content = canonical(form, first, ignore);
        if let Some(verified) = self.try_keys(sign_types, first, &content, &presented, &mut tried) {
            return Ok(verified);
        }
        let other_content = canonical(form, other, ignore);
        if other_content != content
            && let Some(verified) =
                self.try_keys(sign_types, other, &other_content, &presented, &mut tried)
        {
            return Ok(verified);
        }
        Err(SignatureError::Mismatch { tried })
    }

    /// Verifies a signature over bytes as they are: the signed node of a gateway's answer, which
    /// names no sign type, so that all allowed ones are tried.
    ///
    /// # Errors
    /// [`SignatureError`] as for a form; a mismatch does not list what was tried, as no rule was.
    pub fn verify_content(&self, content: &[u8], sign: &[u8]) -> Result<(), SignatureError> {
        if sign.is_empty() {
            return Err(SignatureError::Missing);
        }
        let presented = Presented::read(sign, &self.sign_types).ok_or(SignatureError::Malformed)?;
        // The rule is only noted beside each key, and the notes are not used.
        self.try_keys(&self.sign_types, Rule::Notification, content, &presented, &mut Vec::new())
            .map(|_| ())
            .ok_or(SignatureError::Mismatch { tried: Vec::new() })
    }

    /// The one sign type that the form names, or all that are allowed where it names none.
    fn sign_types_for(&self, form: &Form) -> Result<&[SignType], SignatureError> {
        match form.get("sign_type") {
            None | Some([]) => Ok(&self.sign_types),
            Some(word) => self
                .sign_types
                .iter()
                .find(|sign_type| sign_type.name().as_bytes() == word)
                .map(slice::from_ref)
                .ok_or_else(|| SignatureError::SignTypeNotAllowed {
                    sign_type: printable(word),
                    allowed: self.sign_types.clone(),
                }),
        }
    }

    /// Tries every key of every sign type, and notes those that fail.
    fn try_keys(
        &self,
        sign_types: &[SignType],
        rule: Rule,
        content: &[u8],
        presented: &Presented,
        tried: &mut Vec<Verified>,
    ) -> Option<Verified> {
        for &sign_type in sign_types {
            let found = match (sign_type, presented.md5, &presented.rsa) {
                (SignType::Md5, Some(signature), _) => {
                    self.md5_keys.iter().position(|key| key.verify(content, signature))
                }
                (SignType::Rsa | SignType::Rsa2, _, Some(signature)) => {
                    let made = |key: &PublicKey| key.matches(sign_type, content, signature);
                    self.public_keys.iter().position(made)
                }
                _ => continue,
            };
            if let Some(key) = found {
                return Some(Verified { sign_type, rule, key });
            }
            let keys = match sign_type {
                SignType::Md5 => self.md5_keys.len(),
                SignType::Rsa | SignType::Rsa2 => self.public_keys.len(),
            };
            tried.extend((0..keys).map(|key| Verified { sign_type, rule, key }));
        }
        None
    }
}

/// A signature, read in the forms that the sign types need.
struct Presented<'a> {
    md5: Option<&'a [u8]>,
    rsa: Option<Vec<u8>>,
}

impl<'a> Presented<'a> {
    /// `None` when the signature has the form of none of the sign types.
    fn read(signature: &'a [u8], sign_types: &[SignType]) -> Option<Presented<'a>> {
        let wants_md5 = sign_types.contains(&SignType::Md5);
        let wants_rsa = sign_types.iter().any(|&sign_type| sign_type != SignType::Md5);
        let md5 = (wants_md5 && is_md5_signature(signature)).then_some(signature);
        let rsa = if wants_rsa { STANDARD.decode(signature).ok() } else { None };
        (md5.is_some() || rsa.is_some()).then_some(Presented { md5, rsa })
    }
}

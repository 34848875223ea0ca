//! Whether a message was signed by whom it should be.

mod signature_check;
mod verifier_key;

use std::fmt;
use std::slice;

use chrono::{DateTime, Utc};

use self::signature_check::{ParsedSignature, SignatureCheck};
use self::verifier_key::VerifierKey;
pub use self::verifier_key::{KeyMark, OldKey, RetiredKey};
use crate::form::printable;
use crate::public_key::MIN_BITS_RSA2;
use crate::{
    Form, KeyError, Md5Key, Protocol, PublicKey, Rule, SignType, SignatureError, canonical,
};

/// The parameter by which the Open Platform names its certificate. It is not signed.
const CERT_SN: &str = "alipay_cert_sn";

/// Verifies the messages of one merchant with the keys and sign types of its configuration.
///
/// The configuration decides, not the message: `sign_type` is not covered by the signature, so
/// anybody could change it. A message may only name one of the allowed types. Several keys can be
/// valid at once, for the time of a key change; a [`RetiredKey`] counts for what came before its end.
#[derive(Debug, Clone)]
pub struct Verifier {
    protocol: Protocol,
    sign_types: Vec<SignType>,
    /// The same, and those of retired keys alone.
    all_sign_types: Vec<SignType>,
    md5_keys: Vec<VerifierKey<Md5Key>>,
    public_keys: Vec<VerifierKey<PublicKey>>,
}

/// How a message was verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// The algorithm.
    pub sign_type: SignType,
    /// Which parameters the signature covers.
    pub rule: Rule,
    /// Which key, counted from 0 among the MD5 keys or the public keys of the [`Verifier`]; retired
    /// ones come last.
    pub key: usize,
    /// Whether the form has an `alipay_cert_sn` that the signature does not cover.
    pub without_cert_sn: bool,
}

impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with key {}, {}", self.sign_type, self.key, self.rule)?;
        if self.without_cert_sn { f.write_str(", alipay_cert_sn left out") } else { Ok(()) }
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
        let is_short = |key: &&PublicKey| key.bits() < MIN_BITS_RSA2;
        let only_rsa2 = !sign_types.contains(&SignType::Rsa);
        if sign_types.contains(&SignType::Rsa2)
            && (only_rsa2 || public_keys.iter().all(|key| is_short(&key)))
            && let Some(short) = public_keys.iter().find(is_short)
        {
            return Err(KeyError::TooShort { bits: short.bits(), needed: MIN_BITS_RSA2 });
        }
        Ok(Verifier {
            protocol,
            all_sign_types: sign_types.clone(),
            sign_types,
            md5_keys: md5_keys.into_iter().map(VerifierKey::md5).collect(),
            public_keys: public_keys.into_iter().map(VerifierKey::public).collect(),
        })
    }

    /// The same with keys that are not used any more, each for what came before its end.
    ///
    /// # Errors
    /// An empty MD5 key; a key with no sign type that is one of its kind ([`KeyError::NoSignTypes`]); a
    /// public key under 2,048 bits that is to count for RSA2 ([`KeyError::TooShort`]).
    pub fn with_retired(mut self, keys: Vec<RetiredKey>) -> Result<Verifier, KeyError> {
        for retired in keys {
            retired.check()?;
            for &sign_type in &retired.sign_types {
                if !self.all_sign_types.contains(&sign_type) {
                    self.all_sign_types.push(sign_type);
                }
            }
            let RetiredKey { key, sign_types, until } = retired;
            match key {
                OldKey::Md5(key) => {
                    self.md5_keys.push(VerifierKey::md5(key).retired(until, sign_types));
                }
                OldKey::Public(key) => {
                    self.public_keys.push(VerifierKey::public(key).retired(until, sign_types));
                }
            }
        }
        Ok(self)
    }

    /// The fingerprint of the key that verified: 16 hex digits, no secret. Of a public key the
    /// beginning of [`PublicKey::fingerprint`].
    pub fn fingerprint(&self, verified: &Verified) -> Option<&str> {
        match verified.sign_type {
            SignType::Md5 => self.md5_keys.get(verified.key).map(VerifierKey::fingerprint),
            SignType::Rsa | SignType::Rsa2 => {
                self.public_keys.get(verified.key).map(VerifierKey::fingerprint)
            }
        }
    }

    /// The public key that verified, also a retired one; none for MD5.
    pub fn public_key(&self, verified: &Verified) -> Option<&PublicKey> {
        match verified.sign_type {
            SignType::Md5 => None,
            SignType::Rsa | SignType::Rsa2 => {
                self.public_keys.get(verified.key).map(|held| &held.key)
            }
        }
    }

    /// Verifies a form as of a time, without the parameters named in `ignore`.
    ///
    /// The rule of the protocol comes first: the legacy gateway leaves empty values out of the
    /// signed text, the Open Platform signs them. Sources disagree about both, so the other rule is
    /// tried once when the first one fails, if there is an empty value at all. They disagree as well
    /// whether a notification has an `alipay_cert_sn`, which would not be signed: where there is one,
    /// the form is tried once more without it (docs/protocol.md §11.1).
    ///
    /// A missing or empty `sign_type` means the configured ones. A key out of a certificate counts
    /// only while that is valid, a retired one only before its end.
    ///
    /// # Errors
    /// [`SignatureError`] says which check failed and which keys were tried.
    pub fn verify(
        &self,
        form: &Form,
        ignore: &[String],
        at: DateTime<Utc>,
    ) -> Result<Verified, SignatureError> {
        self.verify_with(None, form, ignore, at)
    }

    /// The same with one key alone, which its fingerprint names; with `None` all are tried.
    ///
    /// # Errors
    /// As [`Verifier::verify`], and [`SignatureError::UnknownKey`] where no key has this fingerprint.
    pub fn verify_with(
        &self,
        key: Option<&str>,
        form: &Form,
        ignore: &[String],
        at: DateTime<Utc>,
    ) -> Result<Verified, SignatureError> {
        let signature = match form.get("sign") {
            None | Some([]) => return Err(SignatureError::Missing),
            Some(signature) => signature,
        };
        if let Some(fingerprint) = key
            && !self.holds(fingerprint)
        {
            return Err(SignatureError::UnknownKey {
                fingerprint: printable(fingerprint.as_bytes()),
            });
        }
        let mut attempt = self.attempt(self.sign_types_for(form, at)?, signature, at)?;
        attempt.only = key;
        let mut contents: Vec<Vec<u8>> = Vec::new();
        for without_cert_sn in [false, true] {
            // Nearly always the first text is the right one: nothing is made for the others before.
            let shorter;
            let ignore = if without_cert_sn {
                if form.get(CERT_SN).is_none() {
                    break;
                }
                shorter = [ignore, &[CERT_SN.to_owned()]].concat();
                &shorter[..]
            } else {
                ignore
            };
            for rule in self.rules() {
                let content = canonical(form, rule, ignore);
                if contents.contains(&content) {
                    continue;
                }
                if let Some(verified) = attempt.with(&content, rule, without_cert_sn) {
                    return Ok(verified);
                }
                contents.push(content);
            }
        }
        Err(attempt.error())
    }

    /// The public keys that are retired.
    pub fn retired_public_keys(&self) -> Vec<PublicKey> {
        self.public_keys
            .iter()
            .filter(|held| held.is_retired())
            .map(|held| held.key.clone())
            .collect()
    }

    /// All keys by their fingerprints: the ones in use first, in the order of the configuration.
    pub fn key_marks(&self) -> Vec<KeyMark> {
        let md5 = self.md5_keys.iter().map(|held| held.mark(true));
        md5.chain(self.public_keys.iter().map(|held| held.mark(false))).collect()
    }

    fn holds(&self, fingerprint: &str) -> bool {
        self.md5_keys.iter().any(|held| held.fingerprint() == fingerprint)
            || self.public_keys.iter().any(|held| held.fingerprint() == fingerprint)
    }

    /// Verifies a signature over bytes as they are, as of a time: the signed node of a gateway's
    /// answer, which names no sign type, so that all allowed ones are tried.
    ///
    /// `cert_sn` is the certificate under which the answer says that it is signed. Of the keys out of
    /// certificates only that one's counts then. It means nothing where there are none.
    ///
    /// # Errors
    /// [`SignatureError`] as for a form; a mismatch does not list what was tried, as no rule was.
    pub fn verify_content(
        &self,
        content: &[u8],
        sign: &[u8],
        cert_sn: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        if sign.is_empty() {
            return Err(SignatureError::Missing);
        }
        let cert_sn = cert_sn.filter(|sn| !sn.is_empty());
        let mut attempt = self.attempt(&self.all_sign_types, sign, at)?;
        attempt.cert_sn = cert_sn;
        // The rule is only noted beside each key, and the notes are not used.
        if attempt.with(content, Rule::Notification, false).is_some() {
            return Ok(());
        }
        let mut configured =
            self.public_keys.iter().filter_map(|held| held.key.certificate()).peekable();
        if let Some(sn) = cert_sn
            && configured.peek().is_some()
            && configured.all(|certificate| certificate.sn() != sn)
        {
            return Err(SignatureError::UnknownCertificate { sn: printable(sn.as_bytes()) });
        }
        attempt.tried.clear();
        Err(attempt.error())
    }

    fn attempt<'a>(
        &'a self,
        sign_types: &'a [SignType],
        signature: &'a [u8],
        at: DateTime<Utc>,
    ) -> Result<SignatureCheck<'a>, SignatureError> {
        let presented =
            ParsedSignature::read(signature, sign_types).ok_or(SignatureError::Malformed)?;
        Ok(SignatureCheck {
            verifier: self,
            sign_types,
            presented,
            only: None,
            cert_sn: None,
            at,
            tried: Vec::new(),
            outdated: None,
        })
    }

    /// The rule of the protocol, and the other one.
    fn rules(&self) -> [Rule; 2] {
        match self.protocol {
            Protocol::Mapi => [Rule::DropEmpty, Rule::Notification],
            Protocol::Openapi => [Rule::Notification, Rule::DropEmpty],
        }
    }

    /// The one sign type that the form names, or all that are allowed where it names none. One that is
    /// not configured is allowed before the end of a retired key that has it.
    fn sign_types_for(
        &self,
        form: &Form,
        at: DateTime<Utc>,
    ) -> Result<&[SignType], SignatureError> {
        let retired = |sign_type: &SignType| {
            self.md5_keys.iter().any(|held| held.counts_retired(*sign_type, at))
                || self.public_keys.iter().any(|held| held.counts_retired(*sign_type, at))
        };
        match form.get("sign_type") {
            None | Some([]) => Ok(&self.all_sign_types),
            Some(word) => self
                .all_sign_types
                .iter()
                .find(|sign_type| sign_type.name().as_bytes() == word)
                .filter(|sign_type| self.sign_types.contains(sign_type) || retired(sign_type))
                .map(slice::from_ref)
                .ok_or_else(|| SignatureError::SignTypeNotAllowed {
                    sign_type: printable(word),
                    allowed: self.sign_types.clone(),
                }),
        }
    }
}

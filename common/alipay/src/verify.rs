//! Whether a message was signed by whom it should be.

mod attempt;

use std::fmt;
use std::slice;

use chrono::{DateTime, Utc};

use self::attempt::{Attempt, Presented};
use crate::form::printable;
use crate::public_key::LEAST_BITS_RSA2;
use crate::{
    Form, KeyError, Md5Key, Protocol, PublicKey, Rule, SignType, SignatureError, canonical,
};

/// The parameter by which the Open Platform names its certificate. It is signed by nobody.
const CERT_SN: &str = "alipay_cert_sn";

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

    /// Verifies a form as of a time, without the parameters named in `ignore`.
    ///
    /// The rule of the protocol comes first: the legacy gateway leaves empty values out of the
    /// signed text, the Open Platform signs them. Sources disagree about both, so the other rule is
    /// tried once when the first one fails, if there is an empty value at all. They disagree as well
    /// whether a notification has an `alipay_cert_sn`, which would not be signed: where there is one,
    /// the form is tried once more without it (protocol reference 11.1).
    ///
    /// A missing or empty `sign_type` means the configured ones. A key out of a certificate counts
    /// only while that is valid.
    ///
    /// # Errors
    /// [`SignatureError`] says which check failed and which keys were tried.
    pub fn verify(
        &self,
        form: &Form,
        ignore: &[String],
        at: DateTime<Utc>,
    ) -> Result<Verified, SignatureError> {
        let signature = match form.get("sign") {
            None | Some([]) => return Err(SignatureError::Missing),
            Some(signature) => signature,
        };
        let mut attempt = self.attempt(self.sign_types_for(form)?, signature, None, at)?;
        let without_cert_sn = [ignore, &[CERT_SN.to_owned()]].concat();
        let mut contents: Vec<Vec<u8>> = Vec::new();
        for (ignore, without_cert_sn) in [(ignore, false), (&without_cert_sn[..], true)] {
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
        let mut attempt = self.attempt(&self.sign_types, sign, cert_sn, at)?;
        // The rule is only noted beside each key, and the notes are not used.
        if attempt.with(content, Rule::Notification, false).is_some() {
            return Ok(());
        }
        let mut configured = self.public_keys.iter().filter_map(PublicKey::certificate).peekable();
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
        cert_sn: Option<&'a str>,
        at: DateTime<Utc>,
    ) -> Result<Attempt<'a>, SignatureError> {
        let presented = Presented::read(signature, sign_types).ok_or(SignatureError::Malformed)?;
        let (tried, outdated) = (Vec::new(), None);
        Ok(Attempt { verifier: self, sign_types, presented, cert_sn, at, tried, outdated })
    }

    /// The rule of the protocol, and the other one.
    fn rules(&self) -> [Rule; 2] {
        match self.protocol {
            Protocol::Mapi => [Rule::DropEmpty, Rule::Notification],
            Protocol::Openapi => [Rule::Notification, Rule::DropEmpty],
        }
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
}

//! A key of a verifier, in use or retired.

use chrono::{DateTime, Utc};

use crate::public_key::MIN_BITS_RSA2;
use crate::{KeyError, Md5Key, PublicKey, SignType, SignatureError};

/// A key that Alipay or the merchant does not use any more. It counts for what came before its end.
#[derive(Debug, Clone)]
pub struct RetiredKey {
    /// The key.
    pub key: OldKey,
    /// The sign types that it counts for.
    pub sign_types: Vec<SignType>,
    /// Its end: what came at this time or later is refused.
    pub until: DateTime<Utc>,
}

/// The key itself.
#[derive(Debug, Clone)]
pub enum OldKey {
    /// The merchant's secret for MD5.
    Md5(Md5Key),
    /// A public key of Alipay's.
    Public(PublicKey),
}

impl RetiredKey {
    /// An error unless the key can be used for each of its sign types.
    pub(super) fn check(&self) -> Result<(), KeyError> {
        let is_md5 = |sign_type: &SignType| *sign_type == SignType::Md5;
        match &self.key {
            OldKey::Md5(key) if key.is_empty() => Err(KeyError::Empty),
            OldKey::Md5(_) if self.sign_types != [SignType::Md5] => Err(KeyError::NoSignTypes),
            OldKey::Public(_) if self.sign_types.is_empty() => Err(KeyError::NoSignTypes),
            OldKey::Public(_) if self.sign_types.iter().any(is_md5) => Err(KeyError::NoSignTypes),
            OldKey::Public(key)
                if self.sign_types.contains(&SignType::Rsa2) && key.bits() < MIN_BITS_RSA2 =>
            {
                Err(KeyError::TooShort { bits: key.bits(), needed: MIN_BITS_RSA2 })
            }
            OldKey::Md5(_) | OldKey::Public(_) => Ok(()),
        }
    }
}

/// What names a key of a verifier, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyMark {
    /// An MD5 key, else a public key.
    pub is_md5: bool,
    /// 16 hex digits, no secret.
    pub fingerprint: String,
    /// The end of a retired key.
    pub until: Option<DateTime<Utc>>,
}

/// A key with its fingerprint and, where it is retired, its end.
#[derive(Debug, Clone)]
pub(super) struct VerifierKey<K> {
    pub(super) key: K,
    fingerprint: String,
    retired: Option<Retired>,
}

#[derive(Debug, Clone)]
struct Retired {
    until: DateTime<Utc>,
    sign_types: Vec<SignType>,
}

impl VerifierKey<Md5Key> {
    pub(super) fn md5(key: Md5Key) -> VerifierKey<Md5Key> {
        VerifierKey { fingerprint: key.fingerprint(), key, retired: None }
    }
}

impl VerifierKey<PublicKey> {
    pub(super) fn public(key: PublicKey) -> VerifierKey<PublicKey> {
        VerifierKey { fingerprint: key.short_fingerprint(), key, retired: None }
    }
}

impl<K> VerifierKey<K> {
    pub(super) fn retired(self, until: DateTime<Utc>, sign_types: Vec<SignType>) -> VerifierKey<K> {
        VerifierKey { retired: Some(Retired { until, sign_types }), ..self }
    }

    pub(super) fn mark(&self, is_md5: bool) -> KeyMark {
        let until = self.retired.as_ref().map(|retired| retired.until);
        KeyMark { is_md5, fingerprint: self.fingerprint.clone(), until }
    }

    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// Whether the key is one of this sign type; the configured types are those of the keys in use.
    pub(super) fn is_for(&self, sign_type: SignType, configured: &[SignType]) -> bool {
        match &self.retired {
            Some(retired) => retired.sign_types.contains(&sign_type),
            None => configured.contains(&sign_type),
        }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.retired.is_some()
    }

    /// Whether it is retired, and counts for this sign type at a time.
    pub(super) fn counts_retired(&self, sign_type: SignType, at: DateTime<Utc>) -> bool {
        self.retired
            .as_ref()
            .is_some_and(|retired| retired.sign_types.contains(&sign_type) && at < retired.until)
    }

    /// Why the key does not count for what came at a time.
    pub(super) fn ended(&self, at: DateTime<Utc>) -> Option<SignatureError> {
        let retired = self.retired.as_ref().filter(|retired| at >= retired.until)?;
        let (fingerprint, until) = (self.fingerprint.clone(), retired.until);
        Some(SignatureError::KeyRetired { fingerprint, until })
    }
}

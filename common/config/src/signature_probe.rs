//! Which key, if any, made a signature: asked many times, with many readings of a form.

use crate::{Config, Merchant};
use alipay::{Form, Md5Key, Protocol, PublicKey, SignType, Verifier};
use chrono::Utc;

/// A verifier and how it differs from the merchant's own.
pub(crate) struct Probe {
    verifier: Verifier,
    /// Whose keys, when not the merchant's by its configured sign types.
    pub(crate) other: Option<Other>,
}

/// Keys that the configuration does not use for this merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Other {
    /// The merchant's own keys with a sign type that is not configured, or that the form does not name.
    SignType(SignType),
    /// Another merchant's keys.
    Merchant(String),
    /// The public half of the merchant's own private key: the message is one of ours.
    OwnKey,
}

/// All probes for a merchant, the merchant's own first.
pub(crate) fn probes(config: &Config, merchant: &Merchant) -> Vec<Probe> {
    let mut probes = vec![Probe { verifier: merchant.verifier.clone(), other: None }];
    for sign_type in [SignType::Rsa2, SignType::Rsa, SignType::Md5] {
        let keys = (merchant.md5_key.iter().cloned().collect(), merchant.public_keys.clone());
        probes.extend(probe(merchant.protocol, sign_type, keys, Other::SignType(sign_type)));
    }
    if let Some(private) = &merchant.private_key {
        for sign_type in [SignType::Rsa2, SignType::Rsa] {
            let keys = (Vec::new(), vec![private.public_key()]);
            probes.extend(probe(merchant.protocol, sign_type, keys, Other::OwnKey));
        }
    }
    for other in config.merchants.values().filter(|other| other.name != merchant.name) {
        for sign_type in [SignType::Rsa2, SignType::Rsa, SignType::Md5] {
            let keys = (other.md5_key.iter().cloned().collect(), other.public_keys.clone());
            let whose = Other::Merchant(other.name.clone());
            probes.extend(probe(other.protocol, sign_type, keys, whose));
        }
    }
    probes
}

fn probe(
    protocol: Protocol,
    sign_type: SignType,
    (md5_keys, public_keys): (Vec<Md5Key>, Vec<PublicKey>),
    other: Other,
) -> Option<Probe> {
    // A key that is too short for this sign type, or none at all, is no probe.
    let verifier = Verifier::new(protocol, vec![sign_type], md5_keys, public_keys).ok()?;
    Some(Probe { verifier, other: Some(other) })
}

impl Probe {
    /// Whether the form's signature holds here, whatever sign type the form names.
    pub(crate) fn holds(&self, form: &Form, ignore: &[String]) -> bool {
        let nameless: Form = form.iter().filter(|(name, _)| *name != b"sign_type").collect();
        self.verifier.verify(&nameless, ignore, Utc::now()).is_ok()
    }
}

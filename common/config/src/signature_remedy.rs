//! What would make a signature hold that does not.

use alipay::{
    Form, SignType, SignatureError, format_beijing, is_return, readings, without_parameters,
};
use serde::Serialize;

use crate::signature_probe::{Other, Probe, probes};
use crate::{Config, Merchant};

/// Something that makes the signature hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remedy {
    /// Stable word.
    pub code: &'static str,
    /// What happened, and what to do.
    pub says: String,
}

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Everything: some thousands of verifications. For a person who waits.
    Whole,
    /// All keys for the form as it is, and the merchant's own for the other readings: some dozens. For a server,
    /// which an attacker must not keep busy.
    Bounded,
}

/// What plays no part in a signature: of a return URL alone, since the ingress takes a notification as it
/// stands.
pub fn ignored<'a>(merchant: &'a Merchant, form: &Form) -> &'a [String] {
    if is_return(form) { &merchant.ignore_params } else { &[] }
}

/// Looks for what makes the signature hold: other keys for the form as it is, then other readings of the
/// form, then both. The first kind that holds is returned, and no further ones: they would follow from it.
pub fn remedies(
    config: &Config,
    merchant: &Merchant,
    form: &Form,
    body: &[u8],
    error: &SignatureError,
    effort: Effort,
) -> Vec<Remedy> {
    if let Some(remedy) = out_of_date(merchant, error) {
        return vec![remedy];
    }
    let ignore = ignored(merchant, form);
    let tried = |probe: &&Probe| effort == Effort::Whole || probe.other.is_none();
    let probes = probes(config, merchant);
    let mut found: Vec<Remedy> = Vec::new();
    let mut add = |remedy: Remedy| {
        if !found.contains(&remedy) {
            found.push(remedy);
        }
    };
    for probe in probes.iter().filter(|probe| probe.holds(form, ignore)) {
        add(by_key(merchant, probe, form));
    }
    if found.is_empty() {
        for reading in readings(form, body) {
            let mut tried = probes.iter().filter(tried);
            if let Some(probe) = tried.find(|probe| probe.holds(&reading.form, ignore)) {
                let says = match &probe.other {
                    None => reading.says,
                    Some(_) => format!(
                        "{}; and {}",
                        reading.says,
                        by_key(merchant, probe, &reading.form).says
                    ),
                };
                found.push(Remedy { code: reading.code, says });
                break;
            }
        }
    }
    if found.is_empty() && effort == Effort::Whole {
        // The merchant's own keys alone: this is asked some hundred times.
        let own = |form: &Form| probes.first().is_some_and(|probe| probe.holds(form, ignore));
        if let Some((names, _)) = without_parameters(form).find(|(_, rest)| own(rest)) {
            let names = names.join(" and ");
            let says = match is_return(form) {
                true => format!(
                    "{names} was not signed: if the shop's own routing adds it, put it into \
                     merchants.{}.ignore_params",
                    merchant.name
                ),
                false => format!(
                    "{names} was not signed: whatever adds it to the body on the way has to stop; \
                     ignore_params is for the return URL alone"
                ),
            };
            found.push(Remedy { code: "not_alipays_parameter", says });
        }
    }
    found
}

/// The signature is right, and the certificate of its key is not of this time.
fn out_of_date(merchant: &Merchant, error: &SignatureError) -> Option<Remedy> {
    let name = &merchant.name;
    let says = match error {
        SignatureError::CertificateExpired { sn, not_after } => format!(
            "the configured certificate {sn} expired at {}: what Alipay sends now is signed under another one. \
             Download it from the console, or with ops certs download, put it beside the old one in \
             merchants.{name}.alipay_public_keys, and send SIGHUP. A notification from before that time was accepted \
             then, and is refused now",
            format_beijing(*not_after)
        ),
        SignatureError::CertificateNotYetValid { sn, not_before } => format!(
            "the configured certificate {sn} is valid only from {}: is the clock of this machine right?",
            format_beijing(*not_before)
        ),
        _ => return None,
    };
    Some(Remedy { code: error.reason_code(), says })
}

/// What it means that another key, or another sign type, made the signature.
fn by_key(merchant: &Merchant, probe: &Probe, form: &Form) -> Remedy {
    let name = &merchant.name;
    match &probe.other {
        None => {
            let word = form.get("sign_type").unwrap_or_default().escape_ascii().to_string();
            Remedy {
                code: "sign_type",
                says: format!(
                    "the sign_type {word} of the form is wrong: a configured one ({}) is right. The parameter \
                     is not signed, so somebody may have changed it",
                    listed(&merchant.sign_types)
                ),
            }
        }
        Some(Other::SignType(sign_type)) => {
            let says = if merchant.sign_types.contains(sign_type) {
                format!(
                    "it is a signature of type {sign_type}, and the form names another sign_type"
                )
            } else {
                format!(
                    "it is a signature of type {sign_type}: add it to merchants.{name}.sign_types (now {}), \
                     if Alipay's console says that the merchant uses it",
                    listed(&merchant.sign_types)
                )
            };
            Remedy { code: "sign_type", says }
        }
        Some(Other::Merchant(other)) => Remedy {
            code: "another_merchant",
            says: format!(
                "the keys of the merchant {other} made it: the notify URL names {name}, or the keys in the \
                 configuration are exchanged"
            ),
        },
        Some(Other::OwnKey) => Remedy {
            code: "own_key",
            says: format!(
                "merchants.{name}.private_key made it: it is a message of ours (or a stand-in that has our \
                 key), not one of Alipay's"
            ),
        },
    }
}

fn listed(sign_types: &[SignType]) -> String {
    sign_types.iter().map(|sign_type| sign_type.name()).collect::<Vec<_>>().join(", ")
}

//! What would make a signature hold that does not.

use alipay::{Form, SignType, is_return};
use serde::Serialize;
use service::config::{Config, Merchant};

use super::judgement::ignored;
use super::prober::{Other, Probe, probes};
use super::readings::{readings, without_strangers};

/// Something that makes the signature hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Remedy {
    /// Stable word.
    pub(super) code: &'static str,
    /// What happened, and what to do.
    pub(super) says: String,
}

/// Looks for what makes the signature hold: other keys for the form as it is, then other readings of the
/// form, then both. The first kind that holds is told, and no further ones: they would follow from it.
pub(super) fn remedies(
    config: &Config,
    merchant: &Merchant,
    form: &Form,
    body: &[u8],
) -> Vec<Remedy> {
    let ignore = ignored(merchant, form);
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
            if let Some(probe) = probes.iter().find(|probe| probe.holds(&reading.form, ignore)) {
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
    if found.is_empty() {
        // The merchant's own keys alone: this is asked some hundred times.
        let own = |form: &Form| probes.first().is_some_and(|probe| probe.holds(form, ignore));
        if let Some((names, _)) = without_strangers(form).find(|(_, rest)| own(rest)) {
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
    if found.is_empty() && form.get("sign").is_some() {
        found.extend(own_key_configured(merchant));
    }
    found
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
                    "the sign_type {word} of the form is wrong: a configured one ({}) holds. The parameter \
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

/// A frequent mistake at set-up: the console shows two public keys, and the wrong one was taken.
fn own_key_configured(merchant: &Merchant) -> Option<Remedy> {
    let own = merchant.private_key.as_ref()?.public_key();
    let at = merchant.public_keys.iter().position(|key| *key == own)?;
    Some(Remedy {
        code: "application_key_configured",
        says: format!(
            "key number {at} of merchants.{}.alipay_public_keys is the application's own public key: take \
             the one that the console calls Alipay's public key",
            merchant.name
        ),
    })
}

fn listed(sign_types: &[SignType]) -> String {
    sign_types.iter().map(|sign_type| sign_type.name()).collect::<Vec<_>>().join(", ")
}

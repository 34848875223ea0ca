//! What a merchant has, and what it lacks.

use chrono::Utc;
use config::Merchant;
use config::certificates;
use config::summary::{Settings, settings};
use gateway::Gateway;
use serde::Serialize;

#[derive(Debug, Serialize)]
pub(crate) struct MerchantLine {
    pub(crate) name: String,
    /// By the names of the keys; secrets by their fingerprints.
    pub(crate) settings: Settings,
    /// What does not keep a program from starting, and will be missed.
    pub(crate) lacks: Vec<String>,
}

impl MerchantLine {
    pub(crate) fn of(merchant: &Merchant) -> MerchantLine {
        let mut lacks = Vec::new();
        if let Err(error) = Gateway::can_ask(merchant) {
            lacks.push(format!(
                "the gateway cannot be asked, no lost payment is found and nothing can be refunded: {error}"
            ));
        }
        if merchant.md5_key.as_ref().is_some_and(|key| !key.looks_issued()) {
            lacks.push(
                "md5_key does not look like one of Alipay's, which have 32 lower-case letters and digits"
                    .to_owned(),
            );
        }
        for (role, certificate) in certificates::of(merchant) {
            if let Err(error) = certificate.check_time(Utc::now()) {
                lacks.push(format!("a valid certificate ({}): {error}", role.name()));
            }
        }
        MerchantLine { name: merchant.name.clone(), settings: settings(merchant), lacks }
    }
}

//! The signature of a form that was kept, checked again with today's keys.

use alipay::Form;
use chrono::{DateTime, Utc};
use config::Config;
use serde::Serialize;

/// What a check says now. It may differ from what the ingress found, when keys were changed since.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SignatureResult {
    pub(crate) valid: bool,
    /// Sign type and key, or why it is not valid.
    #[serde(rename = "said")]
    pub(crate) result: String,
}

/// Checks a notification as of the time when it came, since certificates end; `None` when its merchant is not configured here.
pub(crate) fn check(
    config: &Config,
    merchant: &str,
    form: &str,
    received_at: DateTime<Utc>,
) -> Option<SignatureResult> {
    let merchant = config.merchants.get(merchant)?;
    let checked = match Form::parse(form.as_bytes()) {
        Err(error) => Err(error.to_string()),
        Ok(form) => merchant
            .verifier
            .verify(&form, &[], received_at)
            .map_err(|error| format!("{}: {error}", error.reason_code())),
    };
    Some(match checked {
        Err(result) => SignatureResult { valid: false, result },
        Ok(verified) => {
            let key = merchant.verifier.public_key(&verified);
            let print = key.map(|key| format!(" {}", &key.fingerprint()[..16]));
            let result = format!("{verified}{}", print.unwrap_or_default());
            SignatureResult { valid: true, result }
        }
    })
}

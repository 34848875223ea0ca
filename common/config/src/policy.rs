//! What a merchant has decided: `notify_verify` and `late_payment`.

use alipay::Protocol;

use crate::error::ConfigError;
use crate::layers::Layers;
use crate::{LatePayment, NotifyVerify};

pub(super) fn notify_verify(
    layers: &Layers,
    path: &str,
    protocol: Protocol,
) -> Result<NotifyVerify, ConfigError> {
    let word = layers.text(path)?.unwrap_or("off");
    let setting = match word {
        "off" => NotifyVerify::Off,
        "best_effort" => NotifyVerify::BestEffort,
        "required" => NotifyVerify::Required,
        _ => {
            let problem = format!("{word:?} is not \"off\", \"best_effort\" or \"required\"");
            return Err(layers.invalid(path, problem));
        }
    };
    // A setting that promises a check must not be taken and then ignored.
    if setting != NotifyVerify::Off && protocol != Protocol::Mapi {
        let problem = format!("{word:?} is for protocol mapi: openapi has no such query");
        return Err(layers.invalid(path, problem));
    }
    Ok(setting)
}

pub(super) fn late_payment(layers: &Layers, path: &str) -> Result<LatePayment, ConfigError> {
    match layers.text(path)?.unwrap_or("deliver") {
        "deliver" => Ok(LatePayment::Deliver),
        "refund" => Ok(LatePayment::Refund),
        word => {
            let problem = format!("{word:?} is not \"deliver\" or \"refund\"");
            Err(layers.invalid(path, problem))
        }
    }
}

//! `merchants.NAME.confirm`: whose payments wait for the gateway's word before goods go out.

use alipay::{Fen, Protocol, SignType};

use crate::error::ConfigError;
use crate::layers::{self, Layers};

/// Whose payments wait for the gateway's signed answer before goods go out. A notification that is doubted
/// always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirm {
    /// Those alone that a doubted notification tells of.
    Ambiguous,
    /// All.
    Always,
    /// Orders above this amount.
    Above(Fen),
}

impl Confirm {
    /// Orders above this total wait; `None`: no order does.
    #[must_use]
    pub fn above(self) -> Option<Fen> {
        match self {
            Confirm::Ambiguous => None,
            Confirm::Always => Some(Fen::default()),
            Confirm::Above(amount) => Some(amount),
        }
    }
}

/// The keys with which a merchant's questions to the gateway would be signed.
pub(super) struct Keys<'a> {
    pub(super) protocol: Protocol,
    pub(super) sign_types: &'a [SignType],
    pub(super) has_md5_key: bool,
    pub(super) has_private_key: bool,
}

/// Reads the setting of a merchant. Goods must not wait for a gateway that nobody can ask.
pub(super) fn read(
    layers: &Layers,
    merchant: &str,
    keys: &Keys<'_>,
) -> Result<Confirm, ConfigError> {
    let path = format!("merchants.{merchant}.confirm");
    let confirm = match layers.text(&path)?.unwrap_or("ambiguous") {
        "ambiguous" => return Ok(Confirm::Ambiguous),
        "always" => Confirm::Always,
        amount => Confirm::Above(Fen::parse(amount).map_err(|_| {
            let problem = format!(
                "{amount:?} is not \"ambiguous\", \"always\" or an amount in yuan such as \"100.00\""
            );
            layers.invalid(&path, problem)
        })?),
    };
    if !layers.switch("worker.queries")? {
        let problem =
            "goods would wait for ever: worker.queries is off, so the gateway is not asked";
        return Err(layers.invalid(&path, problem));
    }
    let signs_md5 = keys.protocol == Protocol::Mapi
        && keys.sign_types.contains(&SignType::Md5)
        && keys.has_md5_key;
    if !signs_md5 && !keys.has_private_key {
        let problem = "goods would wait for ever: without private_key the gateway cannot be asked";
        return Err(layers::missing(&format!("merchants.{merchant}.private_key"), problem));
    }
    Ok(confirm)
}

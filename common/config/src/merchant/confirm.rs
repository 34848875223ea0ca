//! `merchants.NAME.confirm`: whose payments wait for the gateway's word before goods go out.

use std::fmt;

use alipay::{Fen, Protocol, SignType};
use serde::de::{Deserializer, Error, Unexpected};
use serde::{Deserialize, Serialize, Serializer};

use super::Merchant;
use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::{self, Layers};

/// Whose payments wait for the gateway's signed answer before goods go out. A notification that is doubted
/// always does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ConfirmPolicy {
    /// Those alone that a doubtful notification reports.
    #[default]
    Ambiguous,
    /// All.
    Always,
    /// Orders above this amount.
    Above(Fen),
}

impl ConfirmPolicy {
    /// Orders above this total wait; `None`: no order does.
    pub fn above(self) -> Option<Fen> {
        match self {
            ConfirmPolicy::Ambiguous => None,
            ConfirmPolicy::Always => Some(Fen::default()),
            ConfirmPolicy::Above(amount) => Some(amount),
        }
    }
}

impl<'de> Deserialize<'de> for ConfirmPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ConfirmPolicy, D::Error> {
        match &*LineText::deserialize(deserializer)? {
            "ambiguous" => Ok(ConfirmPolicy::Ambiguous),
            "always" => Ok(ConfirmPolicy::Always),
            amount => Fen::parse(amount).map(ConfirmPolicy::Above).map_err(|_| {
                let expected = "\"ambiguous\", \"always\" or an amount in yuan such as \"100.00\"";
                D::Error::invalid_value(Unexpected::Str(amount), &expected)
            }),
        }
    }
}

impl fmt::Display for ConfirmPolicy {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfirmPolicy::Ambiguous => out.write_str("ambiguous"),
            ConfirmPolicy::Always => out.write_str("always"),
            ConfirmPolicy::Above(amount) => amount.fmt(out),
        }
    }
}

impl Serialize for ConfirmPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Goods must not wait for a gateway that cannot be queried.
pub(super) fn check(
    layers: &Layers,
    merchant: &Merchant,
    queries: bool,
) -> Result<(), ConfigError> {
    let path = |key: &str| format!("merchants.{}.{key}", merchant.name);
    if merchant.confirm == ConfirmPolicy::Ambiguous {
        return Ok(());
    }
    if !queries {
        let problem =
            "goods would wait forever: worker.queries is off, so the gateway is not asked";
        return Err(layers.invalid(&path("confirm"), problem));
    }
    let signs_md5 = merchant.protocol == Protocol::Mapi
        && merchant.sign_types.contains(&SignType::Md5)
        && merchant.md5_key.is_some();
    if !signs_md5 && merchant.private_key.is_none() {
        let problem = "goods would wait forever: without private_key the gateway cannot be asked";
        return Err(layers::missing(&path("private_key"), problem));
    }
    Ok(())
}

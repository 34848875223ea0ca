//! Keys that are not used any more: `[[merchants.NAME.retired_keys]]`.
//!
//! What they signed may still wait in a queue, or lie among the dead letters to be replayed, and workers
//! verify it again. Each counts for what was received before its `until`.

use alipay::{Md5Key, OldKey, PublicKey, RetiredKey, SignType};
use chrono::{DateTime, Utc};

use crate::error::ConfigError;
use crate::layers::Layers;
use crate::secret;
use crate::stray::SecretForm;
use crate::value::Table;

/// What an entry may hold.
const NAMES: [&str; 6] =
    ["public_key", "public_key_file", "md5_key", "md5_key_file", "sign_types", "until"];

/// Reads the keys of a merchant whose sign types are `configured`.
pub(super) fn read(
    layers: &Layers,
    path: &str,
    configured: &[SignType],
) -> Result<Vec<RetiredKey>, ConfigError> {
    layers
        .tables(path)
        .iter()
        .enumerate()
        .map(|(at, table)| Entry { layers, path, number: at + 1, table }.read(configured))
        .collect()
}

/// The public keys among them.
pub(super) fn public_keys(retired: &[RetiredKey]) -> Vec<PublicKey> {
    let public = retired.iter().filter_map(|retired| match &retired.key {
        OldKey::Public(key) => Some(key.clone()),
        OldKey::Md5(_) => None,
    });
    public.collect()
}

struct Entry<'a> {
    layers: &'a Layers,
    path: &'a str,
    /// From 1.
    number: usize,
    table: &'a Table,
}

impl Entry<'_> {
    fn read(&self, configured: &[SignType]) -> Result<RetiredKey, ConfigError> {
        if let Some(name) = self.table.keys().find(|name| !NAMES.contains(&name.as_str())) {
            let problem = format!("{name:?} is none of {}", NAMES.join(", "));
            return Err(self.invalid(&problem));
        }
        let public_key = self.text("public_key", SecretForm::Pem)?;
        let key = match (public_key, self.text("md5_key", SecretForm::Word)?) {
            (Some(text), None) => OldKey::Public(
                PublicKey::read(&text).map_err(|error| self.invalid(&error.to_string()))?,
            ),
            (None, Some(text)) => OldKey::Md5(Md5Key::new(text)),
            _ => return Err(self.invalid("needs either public_key or md5_key, or its file")),
        };
        Ok(RetiredKey { sign_types: self.sign_types(&key, configured)?, until: self.until()?, key })
    }

    /// A value, or what is in the file that `NAME_file` names.
    fn text(&self, name: &str, form: SecretForm) -> Result<Option<String>, ConfigError> {
        match (self.table.get(name), self.table.get(&format!("{name}_file"))) {
            (Some(_), Some(_)) => Err(self.invalid(&format!("sets {name} and {name}_file"))),
            (Some(text), None) => {
                let text = form.trim(text);
                let text = text.map_err(|why| self.invalid(&format!("{name} {why}")))?;
                Ok(Some(text.to_owned()))
            }
            (None, Some(file)) => {
                let path = format!("{}.{name}_file", self.path);
                let secret = secret::read_file(self.layers, &path, file, form)?;
                Ok(Some(secret.expose_secret().to_owned()))
            }
            (None, None) => Ok(None),
        }
    }

    /// As configured, else what the merchant's keys in use count for, else what the key can be used for.
    fn sign_types(
        &self,
        key: &OldKey,
        configured: &[SignType],
    ) -> Result<Vec<SignType>, ConfigError> {
        let OldKey::Public(public) = key else { return Ok(vec![SignType::Md5]) };
        if let Some(words) = self.table.get("sign_types") {
            let types = words.split(',').map(|word| match word.parse() {
                Ok(SignType::Md5) | Err(_) => {
                    Err(self.invalid(&format!("{word:?} is not \"RSA\" or \"RSA2\"")))
                }
                Ok(sign_type) => Ok(sign_type),
            });
            return types.collect();
        }
        let is_long = public.bits() >= 2048;
        let fits = |sign_type: &SignType| match sign_type {
            SignType::Md5 => false,
            SignType::Rsa => true,
            SignType::Rsa2 => is_long,
        };
        let types: Vec<SignType> = configured.iter().copied().filter(fits).collect();
        Ok(match types.is_empty() {
            false => types,
            true if is_long => vec![SignType::Rsa2],
            true => vec![SignType::Rsa],
        })
    }

    fn until(&self) -> Result<DateTime<Utc>, ConfigError> {
        let Some(text) = self.table.get("until") else {
            return Err(self.invalid("needs until, the time when the key was retired"));
        };
        let time = DateTime::parse_from_rfc3339(text);
        time.map(|time| time.to_utc()).map_err(|_| {
            self.invalid(&format!(
                "until {text:?} is not a time with its zone, such as \"2026-12-01T00:00:00+08:00\""
            ))
        })
    }

    fn invalid(&self, problem: &str) -> ConfigError {
        self.layers.invalid(self.path, format!("key number {}: {problem}", self.number))
    }
}

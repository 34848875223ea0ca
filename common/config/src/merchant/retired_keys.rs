//! Keys that are not used any more: `[[merchants.NAME.retired_keys]]`.
//!
//! What they signed may still wait in a queue, or lie among the dead letters to be replayed, and workers
//! verify it again. Each counts for what was received before its `until`.

use alipay::{Md5Key, OldKey, PublicKey, RetiredKey, SignType};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::ConfigError;
use crate::field::{LineText, OneOrMore};
use crate::layers::Layers;
use crate::secret::{self, Secret};
use crate::stray::SecretForm;

/// An entry as it is written.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table, { ... = \"...\" }")]
pub(super) struct RetiredKeyEntry {
    public_key: Option<String>,
    public_key_file: Option<LineText>,
    md5_key: Option<Secret>,
    md5_key_file: Option<LineText>,
    sign_types: Option<OneOrMore>,
    until: Option<LineText>,
}

/// Reads the keys of a merchant whose sign types are `configured`.
pub(super) fn read(
    layers: &Layers,
    path: &str,
    entries: &[RetiredKeyEntry],
    configured: &[SignType],
) -> Result<Vec<RetiredKey>, ConfigError> {
    let keys = entries.iter().enumerate().map(|(at, entry)| {
        let invalid =
            |problem: String| layers.invalid(path, format!("key number {}: {problem}", at + 1));
        let public_key = entry.public_key.as_deref().map(Secret::new);
        let public_key = (public_key.as_ref(), &entry.public_key_file, SecretForm::Pem);
        let md5_key = (entry.md5_key.as_ref(), &entry.md5_key_file, SecretForm::Word);
        let public_key = key_text(layers, path, "public_key", public_key, invalid)?;
        let key = match (public_key, key_text(layers, path, "md5_key", md5_key, invalid)?) {
            (Some(text), None) => OldKey::Public(
                PublicKey::read(text.expose_secret())
                    .map_err(|error| invalid(error.to_string()))?,
            ),
            (None, Some(text)) => OldKey::Md5(Md5Key::new(text.expose_secret())),
            _ => {
                let problem = "needs either public_key or md5_key, or its file";
                return Err(invalid(problem.to_owned()));
            }
        };
        Ok(RetiredKey {
            sign_types: entry.sign_types(&key, configured).map_err(invalid)?,
            until: entry.until().map_err(invalid)?,
            key,
        })
    });
    keys.collect()
}

/// The text of the key `name`, which is in the entry or in a file.
fn key_text(
    layers: &Layers,
    path: &str,
    name: &str,
    (text, file, form): (Option<&Secret>, &Option<LineText>, SecretForm),
    invalid: impl Fn(String) -> ConfigError,
) -> Result<Option<Secret>, ConfigError> {
    match (text, file) {
        (Some(_), Some(_)) => Err(invalid(format!("sets {name} and {name}_file"))),
        (Some(text), None) => {
            let text = form.trim(text.expose_secret());
            Ok(Some(Secret::new(text.map_err(|why| invalid(format!("{name} {why}")))?)))
        }
        (None, Some(file)) => {
            secret::read_file(layers, &format!("{path}.{name}_file"), file, form).map(Some)
        }
        (None, None) => Ok(None),
    }
}

impl RetiredKeyEntry {
    /// As configured, else what the merchant's keys in use count for, else what the key can be used for.
    fn sign_types(&self, key: &OldKey, configured: &[SignType]) -> Result<Vec<SignType>, String> {
        let OldKey::Public(public) = key else { return Ok(vec![SignType::Md5]) };
        if let Some(words) = &self.sign_types {
            let types = words.0.iter().map(|word| match word.parse() {
                Ok(SignType::Md5) | Err(_) => {
                    Err(format!("{:?} is not \"RSA\" or \"RSA2\"", &**word))
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

    fn until(&self) -> Result<DateTime<Utc>, String> {
        let Some(text) = self.until.as_deref() else {
            return Err("needs until, the time when the key was retired".to_owned());
        };
        let time = DateTime::parse_from_rfc3339(text);
        time.map(|time| time.to_utc()).map_err(|_| {
            format!(
                "until {text:?} is not a time with its zone, such as \"2026-12-01T00:00:00+08:00\""
            )
        })
    }
}

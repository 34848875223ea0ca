//! Environment variables as configuration layers.

use std::ffi::OsString;

use crate::error::{ConfigError, Source};
use crate::layers::{self, Layer};
use crate::schema::{self, Kind, MERCHANTS};
use crate::value;

/// Every key has a variable `ALIPAY__SECTION__KEY`.
const PREFIX: &str = "ALIPAY__";

/// The variables that other programs use too, and the keys they set.
const CONVENTIONAL: [(&str, &str, &str); 2] =
    [("DATABASE_URL", "database", "url"), ("AMQP_URL", "amqp", "url")];

/// Splits the environment into its two layers: `DATABASE_URL` and `AMQP_URL`, and above them the
/// variables that begin with `ALIPAY__`. `configured` are the merchants that are known so far.
pub(super) fn layers(
    variables: &[(OsString, OsString)],
    configured: &[String],
) -> Result<[Layer; 2], ConfigError> {
    let mut conventional = Layer::new();
    let mut own = Layer::new();
    for (name, value) in variables {
        let Some(name) = name.to_str() else { continue };
        let set_by = Source::Variable(name.to_owned());
        if let Some((_, section, key)) = CONVENTIONAL.iter().find(|(known, ..)| *known == name) {
            let path = format!("{section}.{key}");
            if !value.is_empty() {
                set(&mut conventional, path, section, key, value, set_by)?;
            }
        } else if let Some(rest) = name.strip_prefix(PREFIX) {
            let rest = rest.to_ascii_lowercase();
            let Some((section, key)) = rest.split_once("__") else {
                return Err(layers::unknown("", None, &rest, &set_by));
            };
            if !schema::SECTIONS.contains(&section) {
                return Err(layers::unknown("", None, section, &set_by));
            }
            if section != MERCHANTS {
                set(&mut own, format!("{section}.{key}"), section, key, value, set_by)?;
                continue;
            }
            // No key holds "__", so the last one separates the merchant's name from the key.
            let Some((written, key)) = key.rsplit_once("__") else {
                return Err(layers::unknown(MERCHANTS, Some(MERCHANTS), key, &set_by));
            };
            let merchant = merchant_name(written, configured, &set_by)?;
            let owner = format!("{MERCHANTS}.{merchant}");
            layers::check_name(&owner, &merchant, &set_by)?;
            set(&mut own, format!("{owner}.{key}"), MERCHANTS, key, value, set_by)?;
        }
    }
    Ok([conventional, own])
}

/// The configured merchant that a variable means, without regard to case; else a new one in lower case.
/// A variable's name cannot always hold "-", so "_" may stand for it.
fn merchant_name(
    written: &str,
    configured: &[String],
    set_by: &Source,
) -> Result<String, ConfigError> {
    let same = |name: &&String| name.eq_ignore_ascii_case(written);
    let alike = |name: &&String| name.to_ascii_lowercase().replace('-', "_") == written;
    let mut found: Vec<&String> = configured.iter().filter(same).collect();
    if found.is_empty() {
        found = configured.iter().filter(alike).collect();
    }
    match found.as_slice() {
        [] => Ok(written.to_owned()),
        [one] => Ok((*one).clone()),
        [one, other, ..] => {
            let problem =
                format!("means merchant {one:?} or {other:?}: set it in the file instead");
            Err(layers::invalid(&format!("{MERCHANTS}.{written}"), problem, set_by))
        }
    }
}

fn set(
    layer: &mut Layer,
    path: String,
    section: &str,
    name: &str,
    text: &OsString,
    set_by: Source,
) -> Result<(), ConfigError> {
    let Some(key) = schema::find(section, name) else {
        let owner = path.rsplit_once('.').map_or("", |(owner, _)| owner);
        return Err(layers::unknown(owner, Some(section), name, &set_by));
    };
    let Some(text) = text.to_str() else {
        return Err(layers::invalid(&path, "is not UTF-8".to_owned(), &set_by));
    };
    let value = value::from_variable(key.kind, text).map_err(|problem| {
        // What was typed where a secret belongs must not be shown.
        let is_secret = matches!(key.kind, Kind::Secret | Kind::Tables);
        let problem = if is_secret { "cannot be read".to_owned() } else { problem };
        layers::invalid(&path, problem, &set_by)
    })?;
    layer.set(path, key, value, set_by);
    Ok(())
}

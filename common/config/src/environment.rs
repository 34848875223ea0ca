//! Environment variables as configuration layers.

use std::ffi::OsString;

use crate::error::{ConfigError, Source};
use crate::layers::{self, Layer, MERCHANTS};
use crate::node::ConfigValue;

/// Every key has a variable `ALIPAY__SECTION__KEY`.
const PREFIX: &str = "ALIPAY__";

/// The variables that other programs use too, and the keys they set.
const CONVENTIONAL: [(&str, &str); 2] =
    [("DATABASE_URL", "database.url"), ("AMQP_URL", "amqp.url")];

/// Splits the environment into its two layers: `DATABASE_URL` and `AMQP_URL`, and above them the
/// variables that begin with `ALIPAY__`. `configured` are the merchants that are known so far.
pub(super) fn layers(
    variables: &[(OsString, OsString)],
    configured: &[String],
) -> Result<[Layer; 2], ConfigError> {
    let mut conventional = Layer::default();
    let mut own = Layer::default();
    for (name, value) in variables {
        let Some(name) = name.to_str() else { continue };
        let set_by = Source::Variable(name.to_owned());
        if let Some((_, path)) = CONVENTIONAL.iter().find(|(known, _)| *known == name) {
            if !value.is_empty() {
                set(&mut conventional, path, value, &set_by)?;
            }
        } else if let Some(rest) = name.strip_prefix(PREFIX) {
            set(&mut own, &path(&rest.to_ascii_lowercase(), configured, &set_by)?, value, &set_by)?;
        }
    }
    Ok([conventional, own])
}

/// The path that a variable sets: its name without the prefix is `written`.
fn path(written: &str, configured: &[String], set_by: &Source) -> Result<String, ConfigError> {
    let Some((section, key)) = written.split_once("__") else { return Ok(written.to_owned()) };
    if section != MERCHANTS {
        return Ok(format!("{section}.{key}"));
    }
    // No key holds "__", so the last one separates the merchant's name from the key.
    let (written, key) = match key.rsplit_once("__") {
        Some((written, key)) => (written, format!(".{key}")),
        None => (key, String::new()),
    };
    let merchant = merchant_name(written, configured, set_by)?;
    let owner = format!("{MERCHANTS}.{merchant}");
    layers::check_name(&owner, &merchant, set_by)?;
    Ok(format!("{owner}{key}"))
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

fn set(layer: &mut Layer, path: &str, text: &OsString, set_by: &Source) -> Result<(), ConfigError> {
    let Some(text) = text.to_str() else {
        return Err(layers::invalid(path, "is not UTF-8".to_owned(), set_by));
    };
    layer.set(path, ConfigValue::Variable(text.to_owned()), set_by);
    Ok(())
}

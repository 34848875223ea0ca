//! The effective configuration as text: every key with its value and where it comes from. No secret is shown: of a
//! key its fingerprint, of a URL everything but the password.

use std::collections::BTreeMap;

use alipay::Md5Key;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Source;
use crate::keys_in_use::keys_in_use;
use crate::layers::{Layers, MERCHANTS};
use crate::merchant::Merchant;
use crate::sections::Sections;

/// One key of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its path: `worker.lanes`, `merchants.shop.md5_key`.
    pub key: String,
    /// Its value. Secrets as `fingerprint 0123456789abcdef`: of an MD5 key or token the beginning of its SHA-256, of
    /// an RSA key that of its SPKI, of a certificate Alipay's number of it.
    pub value: String,
    /// `default`, `FILE:LINE`, or `variable NAME`.
    pub from: String,
}

/// The key of a value that is a secret, whose text here is its fingerprint or the URL without the password.
pub(crate) const SECRET: &str = "secret";

/// All keys that are set, sorted; `file` is the text of the configuration file.
pub(super) fn settings(
    layers: &Layers,
    sections: &Sections,
    merchants: &BTreeMap<String, Merchant>,
    file: &str,
) -> Vec<Setting> {
    let lines = lines_of(file);
    let values = values(sections);
    let setting = |(path, source): (&str, &Source)| Setting {
        key: path.to_owned(),
        value: shown(path, at(&values, path), merchants),
        from: match source {
            Source::Defaults => "default".to_owned(),
            Source::File(file) => match lines.get(path) {
                Some(line) => format!("{}:{line}", file.display()),
                None => file.display().to_string(),
            },
            Source::Variable(name) => format!("variable {name}"),
        },
    };
    layers.keys().map(setting).collect()
}

/// Whether the configuration file sets a secret itself, and does not name the file of one. A URL is one with a password in it.
pub(super) fn file_holds_secret(layers: &Layers, sections: &Sections) -> bool {
    let values = values(sections);
    let mut set_by_file = layers.keys().filter(|(_, source)| matches!(source, Source::File(_)));
    set_by_file.any(|(path, _)| holds_secret(at(&values, path)))
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name == SECRET || holds_secret(value))
        }
        Value::Array(items) => items.iter().any(holds_secret),
        _ => false,
    }
}

/// What all keys say, with marked secrets.
fn values(sections: &Sections) -> Value {
    serde_json::to_value(sections).unwrap_or_default()
}

/// The value at `section.key` or `merchants.NAME.key`.
fn at<'a>(values: &'a Value, path: &str) -> &'a Value {
    let mut names = path.split('.');
    names.try_fold(values, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

/// Of a key of a merchant its fingerprint, also of what a file holds.
fn shown(path: &str, value: &Value, merchants: &BTreeMap<String, Merchant>) -> String {
    let text = text_of(value);
    let merchant = path.strip_prefix("merchants.").and_then(|path| path.split_once('.'));
    let Some((merchant, name)) = merchant else { return text };
    let prints = merchants.get(merchant).map(|it| fingerprints(it, name)).unwrap_or_default();
    match name.ends_with("_file") {
        _ if prints.is_empty() => text,
        true => format!("{text} ({prints})"),
        false => prints,
    }
}

fn text_of(value: &Value) -> String {
    match value {
        Value::Null => "off".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text_of).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => match fields.get(SECRET) {
            Some(secret) => text_of(secret),
            None => fields_of(fields),
        },
        other => other.to_string(),
    }
}

/// A table that is the value of one key: `wang: password fingerprint 0123456789abcdef, role admin`, tables separated by `; `.
fn fields_of(fields: &Map<String, Value>) -> String {
    let tables = fields.values().any(|value| value.is_object() && value.get(SECRET).is_none());
    let (between, separator) = if tables { (": ", "; ") } else { (" ", ", ") };
    let text = |(name, value): (&String, &Value)| format!("{name}{between}{}", text_of(value));
    fields.iter().map(text).collect::<Vec<_>>().join(separator)
}

/// The keys that a setting of a merchant gives, or its file.
fn fingerprints(merchant: &Merchant, name: &str) -> String {
    let setting = name.strip_suffix("_file").unwrap_or(name);
    let keys = keys_in_use(merchant).into_iter().filter(|key| key.setting == setting);
    let prints = keys.map(|key| match key.until {
        Some(until) => format!("fingerprint {} until {}", key.fingerprint, until.to_rfc3339()),
        None => format!("fingerprint {}", key.fingerprint),
    });
    prints.collect::<Vec<_>>().join(", ")
}

/// The fingerprint of a text, as an MD5 key has it.
pub(crate) fn fingerprint(text: &str) -> String {
    format!("fingerprint {}", Md5Key::new(text).fingerprint())
}

/// `scheme://USER:PASSWORD@HOST` with the fingerprint of the password in its place.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    match user.split_once(':') {
        Some((user, password)) => format!("{scheme}://{user}:({})@{host}", fingerprint(password)),
        None => url.to_owned(),
    }
}

/// On which line, from 1, a file sets a key.
fn lines_of(text: &str) -> BTreeMap<String, usize> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = BTreeMap::new();
    let Ok(table) = toml::de::DeTable::parse(text) else { return lines };
    let line = |at: usize| 1 + text[..at].matches('\n').count();
    for (section, value) in table.get_ref() {
        let Some(keys) = value.get_ref().as_table() else { continue };
        for (name, value) in keys {
            let path = format!("{}.{}", section.get_ref(), name.get_ref());
            match value.get_ref().as_table().filter(|_| section.get_ref() == MERCHANTS) {
                Some(keys) => {
                    for (key, _) in keys {
                        lines.insert(format!("{path}.{}", key.get_ref()), line(key.span().start));
                    }
                }
                None => {
                    lines.insert(path, line(name.span().start));
                }
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{lines_of, without_password};

    #[test]
    fn no_password_is_shown() {
        for (url, shown) in [
            ("mysql://root@127.0.0.1/shop", "mysql://root@127.0.0.1/shop"),
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("https://shop.example/?a=b@c", "https://shop.example/?a=b@c"),
        ] {
            assert_eq!(without_password(url), shown);
        }
        for url in
            ["amqp://a:s3cr@t@host/v", "mysql://a:s3cr@t:x@host:3306/v", "amqp://:s3cr@t@host"]
        {
            let shown = without_password(url);
            assert!(!shown.contains("s3cr") && shown.contains("fingerprint "), "{shown}");
            assert!(shown.ends_with("@host/v") || shown.contains("@host"), "{shown}");
        }
    }

    #[test]
    fn a_key_has_its_line() {
        let text = "# a comment\n[worker]\nlanes = 3\n\n[merchants.shop]\nprotocol = \"mapi\"\nmd5_key = \"\"\"\nx\"\"\"\n\
                    [merchants.\"a-b\"]\nseller_id = \"1\"\n";
        let lines = lines_of(text);
        let of = |path: &str| lines.get(path).copied();
        assert_eq!(of("worker.lanes"), Some(3));
        assert_eq!(of("merchants.shop.protocol"), Some(6));
        assert_eq!(of("merchants.a-b.seller_id"), Some(10));
        assert_eq!(lines_of("[merchants]\nshop = { protocol = \"mapi\" }\n").len(), 1);
        assert_eq!(lines_of("not toml"), std::collections::BTreeMap::new());
    }
}

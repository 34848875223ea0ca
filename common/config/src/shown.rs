//! The effective configuration as text: every key with its value and where it comes from. No secret is shown: of a
//! key its fingerprint, of a URL everything but the password.

use std::collections::BTreeMap;

use alipay::Md5Key;
use serde::Serialize;

use super::error::Source;
use super::layers::Layers;
use super::merchant::Merchant;
use super::schema::{self, Kind, MERCHANTS};
use super::value::Value;
use crate::keys_in_use::keys_in_use;

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

/// All keys that are set, sorted by section and name; `file` is the text of the configuration file.
pub(super) fn settings(
    layers: &Layers,
    merchants: &BTreeMap<String, Merchant>,
    file: &str,
) -> Vec<Setting> {
    let lines = lines_of(file);
    let mut settings = Vec::new();
    for (path, value, source) in layers.all() {
        let from = match source {
            Source::Defaults => "default".to_owned(),
            Source::File(file) => match lines.get(path) {
                Some(line) => format!("{}:{line}", file.display()),
                None => file.display().to_string(),
            },
            Source::Variable(name) => format!("variable {name}"),
        };
        settings.push(Setting { key: path.to_owned(), value: shown(path, value, merchants), from });
    }
    settings
}

fn shown(path: &str, value: &Value, merchants: &BTreeMap<String, Merchant>) -> String {
    let (owner, name) = path.rsplit_once('.').unwrap_or(("", path));
    let (section, merchant) = match owner.split_once('.') {
        Some((section, merchant)) => (section, merchants.get(merchant)),
        None => (owner, None),
    };
    let prints = merchant.map(|merchant| fingerprints(merchant, name)).unwrap_or_default();
    let is_secret = schema::find(section, name).is_some_and(|key| key.kind == Kind::Secret);
    match value {
        Value::Text(text) if name == "url" || name == "management_url" => without_password(text),
        Value::Text(_) if is_secret && !prints.is_empty() => prints,
        // What cannot be a key, such as a token; also a key of a section that could not be read.
        Value::Text(text) if is_secret => print_of(text),
        Value::Texts(texts) if name == "urls" => {
            texts.iter().map(|url| without_password(url)).collect::<Vec<_>>().join(", ")
        }
        Value::Texts(_) if name == "alipay_public_keys" => prints,
        Value::Tables(_) if section == MERCHANTS => prints,
        Value::Tables(tables) => format!("{} entries", tables.len()),
        Value::Text(text) if !prints.is_empty() => format!("{text} ({prints})"),
        Value::Text(text) => without_password(text),
        Value::Texts(texts) if !prints.is_empty() => format!("{} ({prints})", texts.join(", ")),
        Value::Texts(texts) => texts.join(", "),
        Value::Number(number) => number.to_string(),
        Value::Switch(on) => on.to_string(),
        Value::Duration(duration) => told(*duration),
        Value::Address(Some(address)) => address.to_string(),
        Value::Address(None) => "off".to_owned(),
    }
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
fn print_of(text: &str) -> String {
    format!("fingerprint {}", Md5Key::new(text).fingerprint())
}

/// `scheme://USER:PASSWORD@HOST` with the fingerprint of the password in its place.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let Some((user, host)) = rest.rsplit_once('@') else { return url.to_owned() };
    match user.split_once(':') {
        Some((user, password)) => format!("{scheme}://{user}:({})@{host}", print_of(password)),
        None => url.to_owned(),
    }
}

/// `500ms`, `90s`: as it could be written.
fn told(duration: std::time::Duration) -> String {
    match (duration.as_millis(), duration.as_secs()) {
        (millis, _) if !millis.is_multiple_of(1000) => format!("{millis}ms"),
        (_, seconds) => format!("{seconds}s"),
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
    use super::{lines_of, told, without_password};
    use std::time::Duration;

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

    #[test]
    fn durations_as_they_are_written() {
        assert_eq!(told(Duration::from_millis(500)), "500ms");
        assert_eq!(told(Duration::from_secs(120)), "120s");
    }
}

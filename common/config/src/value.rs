//! One value, read by the type of its key.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::duration;
use crate::schema::Kind;

/// A value of the type its key asks for. Has no `Debug`: the text may be a secret.
pub(super) enum Value {
    Text(String),
    Texts(Vec<String>),
    Tables(Vec<Table>),
    Number(u64),
    Switch(bool),
    Duration(Duration),
    /// `None`: switched off.
    Address(Option<SocketAddr>),
}

/// A table of texts by name; a list of texts, of a name that has one, is joined by commas.
pub(super) type Table = BTreeMap<String, String>;

/// Reads a value of the configuration file. The error says what was expected, never the value.
pub(super) fn from_toml(kind: Kind, value: toml::Value) -> Result<Value, String> {
    use toml::Value as Toml;
    match (kind, value) {
        (Kind::Text | Kind::Secret, Toml::String(text)) => Ok(Value::Text(text)),
        (Kind::OneOrMore, Toml::String(text)) => Ok(Value::Texts(vec![text])),
        (Kind::Texts | Kind::OneOrMore, Toml::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Toml::String(text) => Ok(text),
                other => Err(expected(kind, &other)),
            })
            .collect::<Result<_, _>>()
            .map(Value::Texts),
        (Kind::Tables, Toml::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Toml::Table(table) => read_table(table),
                other => Err(expected(kind, &other)),
            })
            .collect::<Result<_, _>>()
            .map(Value::Tables),
        (Kind::Number { least, most }, Toml::Integer(number)) => u64::try_from(number)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .map(Value::Number)
            .ok_or_else(|| format!("{number} is out of range, expected {}", describe(kind))),
        (Kind::Switch, Toml::Boolean(on)) => Ok(Value::Switch(on)),
        (Kind::Duration, Toml::Integer(number)) => read_duration(&number.to_string()),
        (Kind::Duration, Toml::String(text)) => read_duration(&text),
        (Kind::Address, Toml::String(text)) => read_address(&text),
        (_, other) => Err(expected(kind, &other)),
    }
}

/// Reads the text of an environment variable. The type of the key decides, never the look of the text: a
/// key that consists of digits stays text.
pub(super) fn from_variable(kind: Kind, text: &str) -> Result<Value, String> {
    match kind {
        Kind::Text | Kind::Secret => Ok(Value::Text(text.to_owned())),
        Kind::Texts | Kind::OneOrMore | Kind::Tables => read_list(kind, text),
        Kind::Number { .. } => match text.trim().parse::<i64>() {
            Ok(number) => from_toml(kind, toml::Value::Integer(number)),
            Err(_) => Err(format!("{text:?} is not {}", describe(kind))),
        },
        Kind::Switch => match text.trim() {
            "true" => Ok(Value::Switch(true)),
            "false" => Ok(Value::Switch(false)),
            _ => Err(format!("{text:?} is not {}", describe(kind))),
        },
        Kind::Duration => read_duration(text),
        Kind::Address => read_address(text),
    }
}

/// `["a", "b"]` or `a,b`; empty text is the empty list.
fn read_list(kind: Kind, text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.starts_with('[') {
        let table: toml::Table = format!("list = {text}")
            .parse()
            .map_err(|_| format!("begins with [ and is not {}", describe(kind)))?;
        let list = table.into_iter().find(|(name, _)| name == "list").map(|(_, list)| list);
        return list.map_or_else(|| Ok(Value::Texts(Vec::new())), |list| from_toml(kind, list));
    }
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    Ok(Value::Texts(items.map(str::to_owned).collect()))
}

/// A time may stand without quotes.
fn read_table(table: toml::Table) -> Result<Table, String> {
    let text = |name: &str, value: toml::Value| match value {
        toml::Value::String(text) => Ok(text),
        toml::Value::Datetime(time) => Ok(time.to_string()),
        toml::Value::Array(items) => {
            let texts = items.iter().map(|item| item.as_str().map(str::to_owned));
            let texts: Option<Vec<String>> = texts.collect();
            texts.map(|texts| texts.join(",")).ok_or_else(|| format!("{name}: expected texts"))
        }
        other => Err(format!("{name}: expected text in quotes, found {}", other.type_str())),
    };
    table.into_iter().map(|(name, value)| Ok((name.clone(), text(&name, value)?))).collect()
}

fn read_duration(text: &str) -> Result<Value, String> {
    duration::parse(text)
        .map(Value::Duration)
        .ok_or_else(|| format!("{text:?} is not {}", describe(Kind::Duration)))
}

fn read_address(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Address(None));
    }
    text.parse()
        .map(|address| Value::Address(Some(address)))
        .map_err(|_| format!("{text:?} is not {}", describe(Kind::Address)))
}

fn expected(kind: Kind, found: &toml::Value) -> String {
    format!("expected {}, found {}", describe(kind), found.type_str())
}

fn describe(kind: Kind) -> String {
    match kind {
        Kind::Text | Kind::Secret => "text in quotes".to_owned(),
        Kind::Texts => "a list of texts, [\"...\"]".to_owned(),
        Kind::Tables => "a list of tables, [{ ... = \"...\" }]".to_owned(),
        Kind::OneOrMore => "text in quotes or a list of texts, [\"...\"]".to_owned(),
        Kind::Number { least, most } => format!("a whole number from {least} to {most}"),
        Kind::Switch => "true or false".to_owned(),
        Kind::Duration => "a duration above zero such as \"500ms\", \"5s\" or \"2m\"".to_owned(),
        Kind::Address => "an address such as \"127.0.0.1:8080\"".to_owned(),
    }
}

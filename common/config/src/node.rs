//! A value of one layer, and how it is read as the type of its key.

use std::collections::BTreeMap;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::problem::Problem;
use crate::stray;

/// A value as it was written. Has no `Debug`: it may be a secret.
#[derive(Clone)]
pub(crate) enum ConfigValue {
    /// A table of the file.
    Table(BTreeMap<String, ConfigValue>),
    /// A list of the file.
    List(Vec<ConfigValue>),
    /// Any other value of the file.
    Value(toml::Value),
    /// The text of an environment variable. The type of its key decides what it means, never its look: a key that consists
    /// of digits stays text.
    Variable(String),
}

/// The name of the type for a list that may also be written as one text.
pub(crate) const ONE_OR_MORE: &str = "OneOrMore";

impl ConfigValue {
    /// A table without keys.
    pub(crate) fn table() -> ConfigValue {
        ConfigValue::Table(BTreeMap::new())
    }
}

impl From<toml::Value> for ConfigValue {
    fn from(value: toml::Value) -> ConfigValue {
        match value {
            toml::Value::Table(table) => ConfigValue::Table(
                table.into_iter().map(|(name, value)| (name, value.into())).collect(),
            ),
            toml::Value::Array(items) => {
                ConfigValue::List(items.into_iter().map(ConfigValue::from).collect())
            }
            value => ConfigValue::Value(value),
        }
    }
}

impl<'de> IntoDeserializer<'de, Problem> for ConfigValue {
    type Deserializer = ConfigValue;

    fn into_deserializer(self) -> ConfigValue {
        self
    }
}

impl<'de> Deserializer<'de> for ConfigValue {
    type Error = Problem;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            ConfigValue::Table(table) => visitor.visit_map(MapDeserializer::new(table.into_iter())),
            ConfigValue::List(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter())),
            ConfigValue::Variable(text) | ConfigValue::Value(toml::Value::String(text)) => {
                visitor.visit_string(text)
            }
            ConfigValue::Value(toml::Value::Integer(number)) => visitor.visit_i64(number),
            ConfigValue::Value(toml::Value::Float(number)) => visitor.visit_f64(number),
            ConfigValue::Value(toml::Value::Boolean(on)) => visitor.visit_bool(on),
            // A time may stand without quotes.
            ConfigValue::Value(other) => visitor.visit_string(other.to_string()),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            ConfigValue::Variable(text) => match text.trim().parse() {
                Ok(on) => visitor.visit_bool(on),
                Err(_) => Err(Problem::invalid_value(Unexpected::Str(&text), &"true or false")),
            },
            other => other.deserialize_any(visitor),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        match self {
            ConfigValue::Variable(text) => match text.trim().parse() {
                Ok(number) => visitor.visit_i64(number),
                Err(_) => Err(Problem::invalid_value(Unexpected::Str(&text), &visitor)),
            },
            other => other.deserialize_any(visitor),
        }
    }

    /// A variable holds `["a", "b"]` or `a,b`; empty text is the empty list.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let ConfigValue::Variable(text) = self else { return self.deserialize_any(visitor) };
        let text = text.trim();
        if text.starts_with('[') {
            let list = format!("list = {text}").parse().ok();
            let list = list.and_then(|mut table: toml::Table| table.remove("list"));
            // What was typed may be a secret and is not shown.
            let list = list.ok_or_else(|| Problem::custom("begins with [ and is not a list"))?;
            return ConfigValue::from(list).deserialize_any(visitor);
        }
        let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
        let items = items.map(|item| ConfigValue::Variable(item.to_owned()));
        ConfigValue::List(items.collect()).deserialize_any(visitor)
    }

    /// A variable holds an inline table, `{ name = { key = "value" } }`.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        let ConfigValue::Variable(text) = self else { return self.deserialize_any(visitor) };
        let table = format!("table = {}", text.trim()).parse().ok();
        let table = table.and_then(|mut whole: toml::Table| whole.remove("table"));
        let table = table.filter(toml::Value::is_table);
        // What was typed may hold a secret and is not shown.
        let table = table.ok_or_else(|| Problem::custom("is no inline table of TOML, { ... }"))?;
        ConfigValue::from(table).deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        self.deserialize_map(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Problem> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self {
            ConfigValue::Value(toml::Value::String(_)) if name == ONE_OR_MORE => {
                visitor.visit_newtype_struct(ConfigValue::List(vec![self]))
            }
            other => visitor.visit_newtype_struct(other),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Problem> {
        match self {
            ConfigValue::Variable(text) | ConfigValue::Value(toml::Value::String(text)) => {
                let word = stray::line(&text).map_err(Problem::custom)?;
                visitor.visit_enum(word.into_deserializer())
            }
            other => other.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct identifier ignored_any
    }
}

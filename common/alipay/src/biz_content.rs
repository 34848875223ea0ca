//! `biz_content`: the JSON object inside a form of the message service.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Unreadable;

/// The members of a `biz_content`, as they are written. Members that nobody asks for may be anything.
pub(crate) struct BizContent(Vec<(String, Box<RawValue>)>);

impl BizContent {
    /// Reads an object.
    pub(crate) fn read(text: &str) -> Result<BizContent, Unreadable> {
        // Without the parser's own words, which could repeat values.
        serde_json::from_str(text)
            .map_err(|_| Unreadable::BizContent { problem: "it is no JSON object".to_owned() })
    }

    /// The text of a string, or of a number as it is written; `None` where there is no such member, or it is
    /// null or empty.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Unreadable> {
        let problem = |what: &str| Unreadable::BizContent { problem: format!("{name} {what}") };
        let mut found = self.0.iter().filter(|(member, _)| member == name);
        let Some((_, value)) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(problem("is there twice"));
        }
        let text = match value.get() {
            "null" => return Ok(None),
            string if string.starts_with('"') => serde_json::from_str(string)
                .map_err(|_| problem("holds a character that does not exist"))?,
            number if number.starts_with(|c: char| c == '-' || c.is_ascii_digit()) => {
                number.to_owned()
            }
            _ => return Err(problem("is neither a string nor a number")),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

impl<'de> Deserialize<'de> for BizContent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<BizContent, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = BizContent;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BizContent, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(BizContent(members))
    }
}

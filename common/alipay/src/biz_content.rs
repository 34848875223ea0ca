//! `biz_content`: the JSON object inside a form of the message service.

use crate::Unreadable;
use crate::json_object::JsonObject;

/// A `biz_content`. Members that are not read may have any type.
pub(crate) struct BizContent<'a>(JsonObject<'a>);

impl<'a> BizContent<'a> {
    /// Reads an object.
    pub(crate) fn read(text: &'a str) -> Result<BizContent<'a>, Unreadable> {
        // Without the parser's own words, which could repeat values.
        let object = serde_json::from_str(text)
            .map_err(|_| Unreadable::BizContent { problem: "it is no JSON object".to_owned() })?;
        Ok(BizContent(object))
    }

    /// The text of a string, or of a number as it is written; `None` where there is no such member, or it is
    /// null or empty.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<String>, Unreadable> {
        let problem = |what: &str| Unreadable::BizContent { problem: format!("{name} {what}") };
        let mut found = self.0.iter().filter(|(member, _)| *member == name);
        let Some((_, value)) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(problem("is there twice"));
        }
        let text = match value {
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

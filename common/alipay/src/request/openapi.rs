//! The common part of requests to the Open Platform.

use chrono::{DateTime, SubsecRound, Utc};
use serde_json::Value;

use super::Application;
use crate::{Charset, Form, KeyError, Rule, Signer, format_beijing};

/// A signed request of a method: the public parameters, those of `more` that have a value, and the
/// `biz_content` as written by [`texts`] or [`members`]. The gateway refuses empty values.
///
/// # Errors
/// [`KeyError::SigningFailed`], also for a value that the charset cannot write.
pub(super) fn request<'a>(
    method: &str,
    application: impl Into<Application<'a>>,
    charset: Charset,
    at: DateTime<Utc>,
    more: &[(&str, &str)],
    biz_content: &str,
    signer: &Signer,
) -> Result<Form, KeyError> {
    let mut form = Form::new();
    application.into().add_to(&mut form);
    form.set("method", method);
    form.set("format", "JSON");
    form.set("charset", charset.name());
    form.set("timestamp", format_beijing(at.trunc_subsecs(0)));
    form.set("version", "1.0");
    for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
        form.set(name, super::encode(charset, value)?);
    }
    form.set("biz_content", super::encode(charset, biz_content)?);
    signer.sign_form(&mut form, Rule::Request)?;
    Ok(form)
}

/// A JSON object of texts: see [`members`].
pub(super) fn texts(texts: &[(&str, &str)]) -> String {
    members(texts.iter().map(|&(name, text)| (name, Value::from(text))))
}

/// A JSON object, its members in their order, without those that are empty. Of two values for one
/// name the last stays, as in a [`Form`].
pub(super) fn members<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> String {
    let members: Vec<(&str, Value)> = members.into_iter().collect();
    let last = |at: usize| members[at + 1..].iter().all(|(other, _)| *other != members[at].0);
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(inside) => inside.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    let members =
        members.iter().enumerate().filter(|&(at, (_, value))| !is_empty(value) && last(at));
    let members: Vec<String> =
        members.map(|(_, (name, value))| format!("{}:{value}", Value::from(*name))).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{members, texts};

    #[test]
    fn an_object_of_texts() {
        assert_eq!(texts(&[]), "{}");
        assert_eq!(texts(&[("a", ""), ("b", "\"\\\n\u{6d4b}")]), r#"{"b":"\"\\\n测"}"#);
        assert_eq!(
            texts(&[("total", "0.01"), ("b", "1"), ("total", "9.99")]),
            r#"{"b":"1","total":"9.99"}"#
        );
    }

    #[test]
    fn an_object_of_any_values() {
        let values = [("a", json!({"b": [1, "\u{6d4b}"]})), ("c", json!(true)), ("d", json!("e"))];
        assert_eq!(members(values), r#"{"a":{"b":[1,"测"]},"c":true,"d":"e"}"#);
        let empty = [("a", json!(null)), ("b", json!([])), ("c", json!({})), ("d", json!(""))];
        assert_eq!(members(empty), "{}");
        // An empty value still takes the place of an earlier one: `more` cannot fill it.
        assert_eq!(members([("a", json!([1])), ("a", json!(""))]), "{}");
    }
}

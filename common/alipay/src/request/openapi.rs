//! The common part of requests to the Open Platform.

use chrono::{DateTime, SubsecRound, Utc};

use crate::{Charset, Form, KeyError, Rule, Signer, format_beijing};

/// A signed request of a method: the public parameters, those of `more` that have a value, and the
/// `biz_content`. The gateway refuses empty values.
///
/// # Errors
/// [`KeyError::SigningFailed`], also for a value that the charset cannot write.
pub(super) fn request(
    method: &str,
    app_id: &str,
    charset: Charset,
    at: DateTime<Utc>,
    more: &[(&str, &str)],
    biz_content: &[(&str, &str)],
    signer: &Signer,
) -> Result<Form, KeyError> {
    let mut form = Form::new();
    form.set("app_id", app_id);
    form.set("method", method);
    form.set("format", "JSON");
    form.set("charset", charset.name());
    form.set("timestamp", format_beijing(at.trunc_subsecs(0)));
    form.set("version", "1.0");
    for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
        form.set(name, super::encode(charset, value)?);
    }
    form.set("biz_content", super::encode(charset, &json(biz_content))?);
    signer.sign_form(&mut form, Rule::Request)?;
    Ok(form)
}

/// A JSON object of texts, in their order, without those that are empty. Of two values for one name
/// the last stays, as in a [`Form`].
fn json(members: &[(&str, &str)]) -> String {
    let text = |text: &str| serde_json::Value::from(text).to_string();
    let last = |at: usize| members[at + 1..].iter().all(|(other, _)| *other != members[at].0);
    let members =
        members.iter().enumerate().filter(|&(at, (_, value))| !value.is_empty() && last(at));
    let members: Vec<String> =
        members.map(|(_, (name, value))| format!("{}:{}", text(name), text(value))).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn an_object_of_texts() {
        assert_eq!(json(&[]), "{}");
        assert_eq!(json(&[("a", ""), ("b", "\"\\\n\u{6d4b}")]), r#"{"b":"\"\\\n测"}"#);
        assert_eq!(
            json(&[("total", "0.01"), ("b", "1"), ("total", "9.99")]),
            r#"{"b":"1","total":"9.99"}"#
        );
    }
}

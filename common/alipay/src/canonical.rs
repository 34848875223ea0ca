//! The text that a signature covers (docs/protocol.md §5, §11.1, §11.2).

use std::fmt;

use crate::Form;

/// Which parameters a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// All but `sign` and `sign_type`; empty values take part. Notifications of the Open Platform.
    Notification,
    /// All but `sign`, `sign_type` and parameters with an empty value. Everything of the legacy
    /// gateway, notifications and requests.
    DropEmpty,
    /// All but `sign`: `sign_type` is signed. Requests to the Open Platform.
    Request,
}

impl Rule {
    fn covers(self, name: &[u8], value: &[u8]) -> bool {
        match self {
            Rule::Notification => name != b"sign" && name != b"sign_type",
            Rule::DropEmpty => name != b"sign" && name != b"sign_type" && !value.is_empty(),
            Rule::Request => name != b"sign",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Rule::Notification => "empty values signed",
            Rule::DropEmpty => "empty values left out",
            Rule::Request => "sign_type signed",
        })
    }
}

/// The bytes that a signature covers: the parameters that the rule takes, sorted by name in byte
/// order, as `name=value` joined by `&`; values decoded once and otherwise untouched.
///
/// Parameters named in `ignore` are left out: the ones that a merchant's own routing adds to the
/// return URL.
pub fn canonical(form: &Form, rule: Rule, ignore: &[String]) -> Vec<u8> {
    let ignored = |name: &[u8]| ignore.iter().any(|other| other.as_bytes() == name);
    let mut parameters: Vec<(&[u8], &[u8])> =
        form.iter().filter(|(name, value)| rule.covers(name, value) && !ignored(name)).collect();
    // Names are unique, so comparing whole pairs compares names.
    parameters.sort_unstable();
    let length = parameters.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let mut text = Vec::with_capacity(length);
    for (name, value) in parameters {
        if !text.is_empty() {
            text.push(b'&');
        }
        text.extend_from_slice(name);
        text.push(b'=');
        text.extend_from_slice(value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Rule, canonical};
    use crate::Form;

    const BODY: &[u8] = b"subject=a+b%26%3D&_input_charset=gbk&Z=1&sign=x&sign_type=RSA2\
        &empty=&zero=0&a=%B2%E2&q=router";

    fn text(rule: Rule, ignore: &[&str]) -> String {
        let ignore: Vec<String> = ignore.iter().map(|&name| name.to_owned()).collect();
        canonical(&Form::parse(BODY).unwrap(), rule, &ignore).escape_ascii().to_string()
    }

    #[test]
    fn each_rule() {
        assert_eq!(
            text(Rule::Notification, &[]),
            r"Z=1&_input_charset=gbk&a=\xb2\xe2&empty=&q=router&subject=a b&=&zero=0"
        );
        assert_eq!(
            text(Rule::DropEmpty, &["q"]),
            r"Z=1&_input_charset=gbk&a=\xb2\xe2&subject=a b&=&zero=0"
        );
        assert_eq!(
            text(Rule::Request, &["q", "Z"]),
            r"_input_charset=gbk&a=\xb2\xe2&empty=&sign_type=RSA2&subject=a b&=&zero=0"
        );
    }

    #[test]
    fn sorts_by_bytes_and_not_by_the_joined_text() {
        // `=` sorts after digits and before letters: sorting joined pairs would swap these two.
        let form = Form::parse(b"a1=x&a=y").unwrap();
        assert_eq!(canonical(&form, Rule::Notification, &[]), b"a=y&a1=x");
    }

    #[test]
    fn nothing_to_sign_is_empty() {
        assert_eq!(canonical(&Form::new(), Rule::Notification, &[]), b"");
    }
}

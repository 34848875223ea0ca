//! The ways in which a form gets changed between Alipay and the one who verifies it, undone.

use crate::{Charset, Form};

/// A form as it may have been when it was signed.
pub struct Reading {
    /// Stable word.
    pub code: &'static str,
    /// What happened to the form, and what to do.
    pub says: String,
    /// The form before that happened.
    pub form: Form,
}

/// Every reading that differs from the form as it is; `body` are the bytes that it was read from.
pub fn readings(form: &Form, body: &[u8]) -> Vec<Reading> {
    let mut readings = Vec::new();
    let mut add = |code, says: &str, other: Option<Form>| {
        if let Some(other) = other.filter(|other| other != form) {
            readings.push(Reading { code, says: says.to_owned(), form: other });
        }
    };
    add(
        "plus_signs_lost",
        "plus signs of the sign became spaces: something decoded it that was not encoded. Encode the \
         body again, or take the raw body of the POST",
        Some(map(form, |name, value| match name {
            b"sign" => replaced(value, b" ", b"+"),
            _ => value.to_vec(),
        })),
    );
    add(
        "decoded_twice",
        "the body was decoded before: its values are signed as they stand in it, and decoding them again \
         destroyed them. Take the raw body of the POST",
        undecoded(body),
    );
    add(
        "encoded_twice",
        "the values were encoded twice on their way: decode them once more",
        Form::parse(&encoded(form)).ok(),
    );
    for (from, to) in [(Charset::Utf8, Charset::Gbk), (Charset::Gbk, Charset::Utf8)] {
        add(
            "charset",
            &format!(
                "the values were converted from {to} to {from} on their way: verify the bytes as they came"
            ),
            recoded(form, from, to),
        );
    }
    add(
        "html_escapes",
        "& and quotes were escaped for HTML: verify before anything is escaped",
        Form::parse(&unescaped(body)).ok().map(|form| map(&form, |_, value| unescaped(value))),
    );
    add(
        "html_escapes",
        "& and quotes in values were escaped for HTML: verify before anything is escaped",
        Some(map(form, |_, value| unescaped(value))),
    );
    add(
        "slashes_added",
        "backslashes were added in front of quotes (magic_quotes, addslashes, JSON): verify before that",
        Some(map(form, |_, value| without_slashes(value))),
    );
    add(
        "whitespace_added",
        "values have spaces or line ends around them that were not signed",
        Some(map(form, |_, value| value.trim_ascii().to_vec())),
    );
    add(
        "line_ends",
        "line ends were changed: the signed values have CR LF",
        Some(map(form, |_, value| replaced(&replaced(value, b"\r\n", b"\n"), b"\n", b"\r\n"))),
    );
    add(
        "line_ends",
        "line ends were changed: the signed values have LF",
        Some(map(form, |_, value| replaced(value, b"\r\n", b"\n"))),
    );
    readings.extend(trimmed(form));
    readings
}

/// The form without one or two of its parameters, for each choice of them: the shop's own routing may have added these.
pub fn without_parameters(form: &Form) -> impl Iterator<Item = (Vec<String>, Form)> {
    let names: Vec<Vec<u8>> = form
        .iter()
        .map(|(name, _)| name.to_vec())
        .filter(|name| name != b"sign" && name != b"sign_type")
        .collect();
    let singles = (0..names.len()).map(|one| vec![one]);
    let pairs = (0..names.len()).flat_map(|one| (0..one).map(move |other| vec![other, one]));
    // A notification has about 30 parameters, so these are some hundred forms.
    let picks: Vec<Vec<usize>> = singles.chain(pairs).take(2_000).collect();
    picks.into_iter().map(move |picked| {
        let left_out: Vec<&Vec<u8>> = picked.iter().map(|at| &names[*at]).collect();
        let rest =
            form.iter().filter(|(name, _)| !left_out.iter().any(|out| out == name)).collect();
        let left_out =
            left_out.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
        (left_out, rest)
    })
}

/// Values of which one lost a space or a line end at one of its ends.
fn trimmed(form: &Form) -> Vec<Reading> {
    let mut readings = Vec::new();
    for (name, value) in form.iter() {
        if name == b"sign" || name == b"sign_type" {
            continue;
        }
        for lost in [&b" "[..], b"\n", b"\r\n"] {
            for changed in [[value, lost].concat(), [lost, value].concat()] {
                let name_text = String::from_utf8_lossy(name);
                readings.push(Reading {
                    code: "values_trimmed",
                    says: format!(
                        "a space or line end at an end of {name_text} was cut off: verify untrimmed values"
                    ),
                    form: map(form, |own, other| {
                        if own == name { changed.clone() } else { other.to_vec() }
                    }),
                });
            }
        }
    }
    readings
}

fn map(form: &Form, change: impl Fn(&[u8], &[u8]) -> Vec<u8>) -> Form {
    form.iter().map(|(name, value)| (name, change(name, value))).collect()
}

/// The pairs of the body without any decoding.
fn undecoded(body: &[u8]) -> Option<Form> {
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        (&pair[..at], pair.get(at + 1..).unwrap_or_default())
    });
    let form: Form = pairs.collect();
    (!form.is_empty()).then_some(form)
}

/// The decoded form as a body again, its values not encoded: what a second decoding would read.
fn encoded(form: &Form) -> Vec<u8> {
    let pairs: Vec<Vec<u8>> = form
        .iter()
        // A plus sign is one: the first decoding has made spaces of the others.
        .map(|(name, value)| [name, b"=", &replaced(value, b"+", b"%2B")].concat())
        .collect();
    pairs.join(&b'&')
}

/// The values, which are text of `from`, in `to`.
fn recoded(form: &Form, from: Charset, to: Charset) -> Option<Form> {
    let mut other = Form::new();
    for (name, value) in form.iter() {
        let text = from.decode(value).ok()?;
        other.set(name, to.encode(&text).ok()?);
    }
    Some(other)
}

fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut text = bytes.to_vec();
    // The ampersand last: `&amp;lt;` was `&lt;`.
    for (escaped, plain) in [
        (&b"&lt;"[..], &b"<"[..]),
        (b"&gt;", b">"),
        (b"&quot;", b"\""),
        (b"&#34;", b"\""),
        (b"&#39;", b"'"),
        (b"&#039;", b"'"),
        (b"&apos;", b"'"),
        (b"&amp;", b"&"),
    ] {
        text = replaced(&text, escaped, plain);
    }
    text
}

fn without_slashes(value: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == b'\\' { plain.extend(bytes.next()) } else { plain.push(byte) }
    }
    plain
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        if rest.starts_with(from) {
            result.extend_from_slice(to);
            rest = &rest[from.len()..];
        } else {
            result.push(rest[0]);
            rest = &rest[1..];
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{replaced, unescaped, without_slashes};

    #[test]
    fn what_is_undone() {
        assert_eq!(replaced(b"a b b", b" b", b"++"), b"a++++");
        assert_eq!(unescaped(b"&amp;lt; &#039;&quot;"), b"&lt; '\"");
        assert_eq!(without_slashes(br#"{\"a\":\"\\n\"} \"#), br#"{"a":"\n"} "#);
    }
}

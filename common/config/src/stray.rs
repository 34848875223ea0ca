//! Characters that get into a configuration by accident: what editors, shells and web pages add to a value.
//!
//! A blank behind an MD5 key is a key by which no notification verifies, and nobody sees it. So what is
//! certainly not meant is cut off (one byte order mark in front, white space at the end), and anything else that
//! cannot be seen is refused with the number of its byte, counted from 1 in the text or file as it is.

use service::invisible;

/// What a secret looks like, and so what can be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SecretForm {
    /// A key or token of visible ASCII characters: nothing else is in it.
    Word,
    /// One or several URLs: a space may be in it, no other white space and nothing invisible.
    Url,
    /// PEM or base64 in lines, which whoever decodes it checks.
    Pem,
}

impl SecretForm {
    /// The secret in a text.
    ///
    /// # Errors
    /// It is empty, or holds what does not belong there; the text says at which byte.
    pub(super) fn trim(self, text: &str) -> Result<&str, String> {
        match self {
            // A decoder skips what is around a block, and counts bytes from here.
            SecretForm::Pem if trim(text).1.is_empty() => Err("is empty".to_owned()),
            SecretForm::Pem => Ok(text.trim_end_matches(BLANKS)),
            SecretForm::Word => checked(text, |character| !character.is_ascii_graphic()),
            SecretForm::Url => checked(text, is_stray),
        }
    }
}

/// A value of one line that is no secret: a name, an address, a path.
///
/// # Errors
/// White space in front, or something invisible: at which byte.
pub(super) fn line(text: &str) -> Result<&str, String> {
    let (skipped, trimmed) = trim(text);
    if let Some(first) = trimmed.chars().next().filter(|character| character.is_whitespace()) {
        return Err(at_byte(skipped, first));
    }
    if let Some(last) = trimmed.chars().next_back().filter(|character| character.is_whitespace()) {
        return Err(at_byte(skipped + trimmed.len() - last.len_utf8(), last));
    }
    checked(text, is_stray)
}

/// The text of a file.
///
/// # Errors
/// It is not UTF-8: what it seems to be, and where.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, String> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err("is UTF-16, which Windows calls Unicode; save it as UTF-8".to_owned());
    }
    std::str::from_utf8(bytes)
        .map_err(|error| format!("is not text in UTF-8 (byte {})", error.valid_up_to() + 1))
}

const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// The text without one byte order mark in front and blanks at its end, and the bytes that were left out in front.
fn trim(text: &str) -> (usize, &str) {
    let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    (text.len() - rest.len(), rest.trim_end_matches(BLANKS))
}

fn checked(text: &str, is_wrong: impl Fn(char) -> bool) -> Result<&str, String> {
    let (skipped, trimmed) = trim(text);
    if trimmed.is_empty() {
        return Err("is empty".to_owned());
    }
    match trimmed.char_indices().find(|(_, character)| is_wrong(*character)) {
        Some((at, character)) => Err(at_byte(skipped + at, character)),
        None => Ok(trimmed),
    }
}

/// White space but for the space, and what cannot be seen.
fn is_stray(character: char) -> bool {
    (character.is_whitespace() && character != ' ') || invisible::is_invisible(character)
}

fn at_byte(offset: usize, character: char) -> String {
    format!("byte {} is {}, which does not belong there", offset + 1, invisible::named(character))
}

#[cfg(test)]
mod tests {
    use super::{SecretForm, line, utf8};

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

    #[test]
    fn what_is_certainly_not_meant_is_cut_off() {
        for (before, behind) in [
            ("", ""),
            ("\u{feff}", ""),
            ("", " \r\n"),
            ("", "\n\n"),
            ("\u{feff}", "\t \r\n\r\n"),
            ("", "\r"),
        ] {
            let text = format!("{before}{KEY}{behind}");
            for form in [SecretForm::Word, SecretForm::Url] {
                assert_eq!(form.trim(&text), Ok(KEY), "{text:?}");
            }
            assert_eq!(line(&text), Ok(KEY), "{text:?}");
        }
    }

    #[test]
    fn anything_else_is_refused_by_its_byte() {
        for (text, says) in [
            (" 0123", "byte 1 is U+0020 (space)"),
            ("\n0123", "byte 1 is U+000A (line feed)"),
            ("\u{feff}\u{feff}0123", "byte 4 is U+FEFF (byte order mark)"),
            ("01 23", "byte 3 is U+0020 (space)"),
            ("0123\n4567", "byte 5 is U+000A (line feed)"),
            ("0123\u{a0}", "byte 5 is U+00A0 (no-break space)"),
            ("0123\u{200b}\n", "byte 5 is U+200B (zero width space)"),
            ("01\u{2028}23", "byte 3 is U+2028 (line separator)"),
            ("0\x001", "byte 2 is U+0000 (control character)"),
            ("\u{feff}01\u{3000}", "byte 6 is U+3000 (ideographic space)"),
            ("０123", "byte 1 is U+FF10 (not ASCII)"),
            ("密码", "byte 1 is U+5BC6 (not ASCII)"),
            ("0123é", "byte 5 is U+00E9 (not ASCII)"),
        ] {
            let refused = SecretForm::Word.trim(text).unwrap_err();
            assert!(refused.starts_with(says), "{text:?}: {refused}");
        }
        for empty in ["", "\n", "\u{feff}", " \t\r\n", "\u{feff}\r\n"] {
            for form in [SecretForm::Word, SecretForm::Url, SecretForm::Pem] {
                assert_eq!(form.trim(empty), Err("is empty".to_owned()), "{empty:?}");
            }
        }
    }

    #[test]
    fn a_url_may_hold_a_space_and_letters_of_any_language() {
        let url = "mysql://alipay:my 密码@db:3306/alipay";
        assert_eq!(SecretForm::Url.trim(&format!("{url}\n")), Ok(url));
        for (text, says) in [
            ("mysql://a:b@c/d\nmysql://e/f", "byte 16 is U+000A (line feed)"),
            ("mysql://a:b\t@c/d", "byte 12 is U+0009 (tab)"),
            ("mysql://a:b\u{200b}@c/d", "byte 12 is U+200B (zero width space)"),
            ("mysql://a:b@c/d\u{a0}", "byte 16 is U+00A0 (no-break space)"),
        ] {
            let refused = SecretForm::Url.trim(text).unwrap_err();
            assert!(refused.starts_with(says), "{text:?}: {refused}");
        }
    }

    #[test]
    fn a_line_has_no_blank_in_front_and_nothing_invisible() {
        assert_eq!(line("/etc/ali pay/shop.md5\n"), Ok("/etc/ali pay/shop.md5"));
        for text in [" 2088", "\u{3000}2088", "2088\u{a0}", "20\u{200b}88", "20\n88"] {
            assert!(line(text).unwrap_err().starts_with("byte "), "{text:?}");
        }
    }

    #[test]
    fn other_encodings_are_named() {
        assert!(utf8(b"\xff\xfe0\0").unwrap_err().contains("UTF-16"));
        assert!(utf8(b"\xfe\xff\x000").unwrap_err().contains("UTF-16"));
        assert!(utf8(b"ab\xb2\xe2").unwrap_err().contains("(byte 3)"));
    }
}

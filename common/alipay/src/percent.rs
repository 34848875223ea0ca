//! `application/x-www-form-urlencoded` text and the bytes that it stands for.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_encode};

/// What is escaped in a form: everything but letters, digits and `* - . _`, as Java's URLEncoder
/// does it. A space is not escaped but written as `+`.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

/// Decodes a name or a value once and appends it: `+` is a space, `%XX` is a byte.
///
/// An escape that fails stays as text, as Alipay's own SDKs keep it: refusing it would refuse
/// signed messages with a stray `%` in their subject.
///
/// What lies between two escapes is copied at once: byte by byte, as `percent_encoding` decodes, a form takes a
/// third more instructions (`make instructions`).
pub(crate) fn decode_into(out: &mut Vec<u8>, mut text: &[u8]) {
    while let Some(at) = text.iter().position(|byte| matches!(byte, b'%' | b'+')) {
        let (plain, rest) = text.split_at(at);
        out.extend_from_slice(plain);
        let (byte, length) = match escaped(rest) {
            Some(byte) => (byte, 3),
            None if rest.starts_with(b"+") => (b' ', 1),
            None => (b'%', 1),
        };
        out.push(byte);
        text = &rest[length..];
    }
    out.extend_from_slice(text);
}

/// The byte of the escape that a text begins with.
fn escaped(text: &[u8]) -> Option<u8> {
    let [b'%', high, low, ..] = text else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

/// Encodes a name or a value and appends it.
pub(crate) fn encode_into(out: &mut String, bytes: &[u8]) {
    for (index, part) in bytes.split(|&byte| byte == b' ').enumerate() {
        if index > 0 {
            out.push('+');
        }
        out.extend(percent_encode(part, FORM));
    }
}

/// The body of a request as received, with only the bytes outside printable ASCII (control
/// characters, bytes above 127) percent-encoded.
///
/// The result is text that any tool can store and show, and it decodes to exactly the same
/// parameters as the body, so the signature can be checked again later.
///
/// ```
/// let body = b"out_trade_no=A1&subject=\xb2\xe2+%CA%D4";
/// assert_eq!(alipay::ascii_form(body), "out_trade_no=A1&subject=%B2%E2+%CA%D4");
/// ```
pub fn ascii_form(body: &[u8]) -> String {
    percent_encode(body, CONTROLS).to_string()
}

#[cfg(test)]
mod tests {
    use super::{ascii_form, decode_into, encode_into};

    fn decoded(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        decode_into(&mut out, text);
        out
    }

    #[test]
    fn decodes_once() {
        assert_eq!(decoded(b"a+b"), b"a b");
        assert_eq!(decoded(b"a%2Bb%2b"), b"a+b+");
        assert_eq!(decoded(b"%252F"), b"%2F");
        assert_eq!(decoded(b"%B2%e2"), b"\xb2\xe2");
    }

    #[test]
    fn failed_escapes_stay() {
        for text in ["100%", "%", "%G1", "%4", "50%-%zz", "%%"] {
            assert_eq!(decoded(text.as_bytes()), text.as_bytes());
        }
        assert_eq!(decoded(b"%%41"), b"%A");
        assert_eq!(decoded(b"%+41"), b"% 41");
    }

    #[test]
    fn encodes_as_alipay_does() {
        let mut out = String::new();
        encode_into(&mut out, "a b+c*d-e.f_g~/^\u{6d4b}".as_bytes());
        assert_eq!(out, "a+b%2Bc*d-e.f_g%7E%2F%5E%E6%B5%8B");
    }

    #[test]
    fn ascii_form_keeps_what_is_printable() {
        assert_eq!(ascii_form(b"a=1 2&b=%41+%zz"), "a=1 2&b=%41+%zz");
        assert_eq!(ascii_form(b"a=\x00\x7f\xff\r\n"), "a=%00%7F%FF%0D%0A");
        // A stray % before a byte that gets escaped must not turn into another escape.
        assert_eq!(decoded(ascii_form(b"%\xe4%4\xe4").as_bytes()), b"%\xe4%4\xe4");
    }
}

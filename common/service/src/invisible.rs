//! Characters that change what a person sees of a text: control characters, those that turn the
//! direction of a line around, and those without width. In pages, tables and logs they are shown as
//! escapes.

use std::borrow::Cow;
use std::io::{self, Write};

/// Whether the character is one of those. Also line feed and tab.
pub fn is_invisible(character: char) -> bool {
    character.is_control() || is_format(character)
}

/// The text on one line, with all such characters as `\n` or `\u{202e}`.
pub fn escaped(text: &str) -> Cow<'_, str> {
    replaced(text, is_invisible, |character, out| out.extend(character.escape_default()))
}

/// Several lines of text, otherwise as [`escaped`].
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    let unseen = |character| is_invisible(character) && !matches!(character, '\n' | '\t');
    replaced(text, unseen, |character, out| out.extend(character.escape_default()))
}

/// JSON or a line of a log: the characters beyond ASCII as `\u202e`, which means the same inside a
/// string of JSON.
pub fn escaped_json(text: &str) -> Cow<'_, str> {
    let unseen = |character: char| is_invisible(character) && !character.is_ascii();
    replaced(text, unseen, |character, out| {
        let mut units = [0; 2];
        for unit in character.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    })
}

/// How a character that is not seen, or does not belong somewhere, is named: `U+00A0 (no-break space)`.
pub fn named(character: char) -> String {
    let name = match character {
        '\t' => "tab",
        '\n' => "line feed",
        '\r' => "carriage return",
        ' ' => "space",
        '\u{a0}' => "no-break space",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{2060}' => "word joiner",
        '\u{3000}' => "ideographic space",
        '\u{feff}' => "byte order mark",
        '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "direction mark"
        }
        _ if character.is_control() => "control character",
        _ if character.is_whitespace() => "white space",
        '\u{34f}' => "combining grapheme joiner",
        '\u{2800}' => "braille blank",
        '\u{180b}'..='\u{180d}'
        | '\u{180f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}' => "variation selector",
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}' => {
            "private use"
        }
        _ if is_invisible(character) => "invisible",
        _ if !character.is_ascii() => "not ASCII",
        _ => return format!("U+{:04X} ({character})", u32::from(character)),
    };
    format!("U+{:04X} ({name})", u32::from(character))
}

/// Whether the character has no place in what a person or a program types again: a code, an order's number, an account.
/// Besides the unseen ones those that only change how the one before them looks (variation selectors), and those of no
/// meaning but what a font gives them (private use): two texts that look the same would differ.
pub fn is_ambiguous(character: char) -> bool {
    is_invisible(character)
        || matches!(
            character,
            '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}'
                | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{ffffd}' | '\u{100000}'..='\u{10fffd}'
        )
}

/// An error for what has no place in a number, an account or the like: it names the character.
///
/// # Errors
/// What to say.
pub fn check_typed(text: &str) -> Result<(), String> {
    match text.char_indices().find(|(_, character)| is_ambiguous(*character)) {
        None => Ok(()),
        Some((at, character)) => Err(format!("it holds {} at byte {}", named(character), at + 1)),
    }
}

/// An error for what cannot be seen in a name; emoji may have their variation selectors.
///
/// # Errors
/// What to say.
pub fn check_shown(text: &str) -> Result<(), String> {
    let joins = |character: char| character == '\u{200d}';
    match text.char_indices().find(|(_, it)| is_invisible(*it) && !joins(*it)) {
        None => Ok(()),
        Some((at, character)) => Err(format!("it holds {} at byte {}", named(character), at + 1)),
    }
}

/// Soft hyphen, combining grapheme joiner, Khmer inherent vowels, braille blank, musical formats, Arabic letter mark, Hangul fillers, Mongolian vowel separator, zero widths, marks, line and paragraph
/// separators, embeddings, overrides, isolates, byte order mark, tags.
fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0001}'..='\u{e007f}'
    )
}

fn replaced(
    text: &str,
    unseen: impl Fn(char) -> bool,
    escape: impl Fn(char, &mut String),
) -> Cow<'_, str> {
    if !text.contains(&unseen) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if unseen(character) {
            escape(character, &mut out);
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// A writer of logs that escapes them as [`escaped_json`]. Each write is a whole line.
#[derive(Debug)]
pub(crate) struct Escaping<W>(pub(crate) W);

impl<W: Write> Write for Escaping<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(escaped_json(text).as_bytes())?,
            Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_a_line_around_is_shown() {
        for unseen in [
            '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}',
            '\u{2068}', '\u{2069}', '\u{200e}', '\u{200f}', '\u{61c}', '\u{200b}', '\u{2028}',
            '\u{feff}', '\u{9b}', '\u{7f}',
        ] {
            let code = u32::from(unseen);
            let text = format!("订单{unseen}1");
            assert_eq!(escaped(&text), format!("订单\\u{{{code:x}}}1"));
            assert_eq!(escaped_lines(&text), escaped(&text));
            if !unseen.is_ascii() {
                assert_eq!(escaped_json(&text), format!("订单\\u{code:04x}1"));
            }
        }
        assert_eq!(escaped("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(escaped_lines("a\tb\n\u{1b}"), "a\tb\n\\u{1b}");
        assert_eq!(escaped_json("{\n}"), "{\n}");
        assert!(matches!(escaped("Ω 订单 a"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_looks_like_another_text_is_found() {
        for character in [
            '\u{34f}',
            '\u{fe0f}',
            '\u{fe00}',
            '\u{2800}',
            '\u{e000}',
            '\u{f8ff}',
            '\u{f0000}',
            '\u{10fffd}',
            '\u{e0100}',
            '\u{180b}',
            '\u{17b4}',
            '\u{1d173}',
            '\u{200b}',
            '\u{3164}',
            '\u{115f}',
            '\t',
        ] {
            let text = format!("AA{character}BB");
            let said = check_typed(&text).unwrap_err();
            assert!(said.starts_with("it holds U+") && said.ends_with(" at byte 3"), "{said}");
        }
        for text in ["A-1001", "订单１号", "é", "e\u{301}", "한글", "😀", " a b "] {
            assert_eq!(check_typed(text), Ok(()), "{text}");
        }
        for name in ["❤\u{fe0f} 会员", "👩\u{200d}💻"] {
            assert_eq!(check_shown(name), Ok(()), "{name}");
        }
        for name in ["卡\u{200b}", "\u{2800}", "a\u{202e}b", "a\nb"] {
            assert!(check_shown(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_log_is_written_escaped() {
        let mut out = Escaping(Vec::new());
        out.write_all("refused path=\u{202e}x\n".as_bytes()).unwrap();
        assert_eq!(out.0, b"refused path=\\u202ex\n");
    }
}

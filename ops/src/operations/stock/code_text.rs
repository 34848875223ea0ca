//! Which characters belong to a code.
//!
//! A buyer types or pastes a code. An invisible character in it (a zero width space of a web page, a byte order mark between two
//! files) makes a code that does not work.

use std::borrow::Cow;

use service::invisible;
use strum::{EnumString, IntoStaticStr, VariantArray};

/// What becomes of invisible characters in a code: zero width ones, direction marks, byte order marks, and no-break and
/// other wide spaces at its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub(crate) enum Invisible {
    /// The file is refused, and the lines are named.
    #[default]
    Refuse,
    /// They are left out of the code.
    Remove,
    /// They are part of the code.
    Keep,
}

impl Invisible {
    /// The word for it, on the command line and in forms.
    pub(crate) fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The code in a line, without the spaces around it; empty where there is none. Owned where something was removed.
///
/// # Errors
/// What in it cannot be part of a code.
pub(crate) fn code_of(line: &str, invisible: Invisible) -> Result<Cow<'_, str>, String> {
    let line = line.trim_matches(' ');
    if let Some((at, character)) = line.char_indices().find(|(_, it)| never(*it)) {
        return Err(why_never(at, character));
    }
    let is_removed = |character: char| invisible::is_ambiguous(character) && character != '\t';
    let is_edge = |character: char| character.is_whitespace() && character != '\t';
    match invisible {
        Invisible::Keep => match line.char_indices().find(|(_, it)| *it == BYTE_ORDER_MARK) {
            Some((at, character)) => Err(holds(at, character, "")),
            None => Ok(Cow::Borrowed(line)),
        },
        Invisible::Refuse => {
            let edge = line.trim_matches(is_edge);
            let found = match line.char_indices().find(|(_, it)| is_removed(*it)) {
                None if edge.len() == line.len() => return Ok(Cow::Borrowed(line)),
                None if line.starts_with(is_edge) => line.char_indices().next(),
                None => line.char_indices().next_back(),
                found => found,
            };
            let hint = "; look where it comes from, or say --invisible remove";
            Err(found.map_or_else(String::new, |(at, character)| holds(at, character, hint)))
        }
        Invisible::Remove => {
            if !line.contains(is_removed) && line.trim_matches(is_edge).len() == line.len() {
                return Ok(Cow::Borrowed(line));
            }
            let seen: String = line.chars().filter(|character| !is_removed(*character)).collect();
            Ok(Cow::Owned(seen.trim_matches(is_edge).to_owned()))
        }
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// Between two codes, or a sign of a broken file: no answer of the operator's makes it part of a code.
fn never(character: char) -> bool {
    (character.is_control() && character != '\t')
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{fffd}')
}

fn why_never(at: usize, character: char) -> String {
    match character {
        '\0' => "holds a zero byte: is this a text file?".to_owned(),
        '\u{2028}' | '\u{2029}' | '\u{b}' | '\u{c}' | '\u{85}' => {
            holds(at, character, ": are these two codes? End each line with a newline")
        }
        '\u{fffd}' => holds(
            at,
            character,
            ": a character was lost when the file was converted; convert the original again",
        ),
        _ => holds(at, character, ""),
    }
}

fn holds(at: usize, character: char, hint: &str) -> String {
    format!("holds {} at byte {} of the code{hint}", invisible::named(character), at + 1)
}

#[cfg(test)]
mod tests {
    use super::{Invisible, code_of};

    #[test]
    fn spaces_around_a_code_go_and_tabs_are_part_of_it() {
        for (line, code) in [
            (" A ", "A"),
            ("t1@example.com\tpass1", "t1@example.com\tpass1"),
            ("user\t", "user\t"),
            ("a b", "a b"),
            ("   ", ""),
            ("卡号　密码", "卡号　密码"),
            ("https://example.com/?a=1&b=2", "https://example.com/?a=1&b=2"),
        ] {
            for invisible in [Invisible::Refuse, Invisible::Remove, Invisible::Keep] {
                assert_eq!(code_of(line, invisible).unwrap(), code, "{line:?}");
            }
        }
    }

    #[test]
    fn what_nobody_sees_is_refused_removed_or_kept() {
        for (line, removed) in [
            ("AAAA-0008\u{200b}", "AAAA-0008"),
            ("\u{a0}AAAA-0009\u{a0}", "AAAA-0009"),
            ("\u{3000}AAAA", "AAAA"),
            ("AA\u{200d}AA", "AAAA"),
            ("AA\u{2060}AA", "AAAA"),
            ("\u{202e}AAAA\u{202c}", "AAAA"),
            ("AA\u{ad}AA", "AAAA"),
            ("AAAA\u{200b} ", "AAAA"),
            ("\u{2003}AAAA", "AAAA"),
            ("AA\u{180e}AA", "AAAA"),
            ("\u{200b}", ""),
            ("AA\u{34f}AA", "AAAA"),
            ("AAAA\u{fe0f}", "AAAA"),
            ("AA\u{2800}AA", "AAAA"),
            ("\u{e000}AAAA", "AAAA"),
            ("AA\u{f8ff}AA\u{10fffd}", "AAAA"),
            ("AA\u{e0101}AA", "AAAA"),
            ("\u{a0} \u{a0}", ""),
        ] {
            let refused = code_of(line, Invisible::Refuse).unwrap_err();
            assert!(refused.starts_with("holds U+"), "{line:?}: {refused}");
            assert_eq!(code_of(line, Invisible::Remove).unwrap(), removed, "{line:?}");
            assert_eq!(code_of(line, Invisible::Keep).unwrap(), line.trim_matches(' '));
        }
        let refused = code_of("AAAA\u{a0}", Invisible::Refuse).unwrap_err();
        assert!(refused.starts_with("holds U+00A0 (no-break space) at byte 5"), "{refused}");
        assert_eq!(code_of("\u{feff}A", Invisible::Remove).unwrap(), "A");
        for invisible in [Invisible::Refuse, Invisible::Keep] {
            assert!(code_of("\u{feff}A", invisible).is_err());
        }
    }

    #[test]
    fn separators_and_control_characters_are_never_part_of_a_code() {
        for line in [
            "A\u{2028}B",
            "A\u{2029}B",
            "A\u{b}B",
            "A\u{c}B",
            "A\u{85}B",
            "A\0B",
            "A\u{1b}[31m",
            "A\u{7f}",
            "A\u{9b}B",
            "A\u{fffd}B",
        ] {
            for invisible in [Invisible::Refuse, Invisible::Remove, Invisible::Keep] {
                assert!(code_of(line, invisible).is_err(), "{line:?}");
            }
        }
    }
}

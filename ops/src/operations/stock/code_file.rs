//! A file of codes, one a line.

use std::borrow::Cow;
use std::collections::HashSet;

use store::stock::MAX_CODE;

use super::code_text::{Invisible, code_of};
use super::file_kind::{NotCodes, other_kind};
use crate::text::first_of;

/// Problems that are listed; the rest is only counted.
const LISTED: usize = 10;

/// The codes of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct CodeFile<'a> {
    /// Each code once, in the order of the file.
    pub(crate) codes: Vec<CodeLine<'a>>,
    /// Lines that repeat a code of an earlier line: their numbers, from 1.
    pub(crate) repeats: Vec<usize>,
    /// Lines with nothing in them.
    pub(crate) blank: usize,
    /// Lines of which something invisible was removed.
    pub(crate) cleaned: usize,
}

/// A code and its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeLine<'a> {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) code: Cow<'a, str>,
}

impl<'a> CodeFile<'a> {
    /// Reads a file. Lines end with LF, CRLF or CR, also mixed; a byte order mark in front, blank lines and spaces
    /// around a code are taken for what they are.
    ///
    /// # Errors
    /// What the file seems to be, or the lines that are no code, with their numbers: then nothing of it should be used.
    pub(crate) fn read(bytes: &'a [u8], invisible: Invisible) -> Result<CodeFile<'a>, String> {
        let kind = other_kind(bytes);
        if let Some(NotCodes::Whole(problem)) = kind {
            return Err(problem.to_owned());
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut file = CodeFile::default();
        let mut seen = HashSet::new();
        let mut problems = Vec::new();
        for (index, bytes) in lines(bytes).enumerate() {
            let line = index + 1;
            match read_line(bytes, invisible) {
                Err(problem) => problems.push(format!("line {line}: {problem}")),
                Ok(code) if code.is_empty() => file.blank += 1,
                Ok(code) if seen.insert(code.clone()) => {
                    file.cleaned += usize::from(matches!(code, Cow::Owned(_)));
                    file.codes.push(CodeLine { line, code });
                }
                Ok(_) => file.repeats.push(line),
            }
        }
        if problems.is_empty() {
            return Ok(file);
        }
        let mut text = first_of(&problems, LISTED, "\n", " lines");
        if let Some(NotCodes::Lines(hint)) = kind {
            text.push_str(&format!("\n{hint}"));
        }
        Err(text)
    }
}

/// The lines of a text: each ends with LF, CRLF, CR, or with the text. The last end begins no further line.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind
            .strip_prefix(b"\r\n")
            .or_else(|| behind.strip_prefix(b"\n"))
            .or_else(|| behind.strip_prefix(b"\r"))
            .unwrap_or(behind);
        Some(line)
    })
}

fn read_line(line: &[u8], invisible: Invisible) -> Result<Cow<'_, str>, String> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let column = error.valid_up_to() + 1;
        format!("not UTF-8 at byte {column} of the line (convert the file, for example with iconv)")
    })?;
    let code = code_of(text, invisible)?;
    if code.len() > MAX_CODE {
        return Err(format!(
            "{} bytes, a code has at most {MAX_CODE}: deliver a download address instead",
            code.len()
        ));
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::super::code_text::Invisible;
    use super::CodeFile;

    fn read(bytes: &[u8]) -> Result<CodeFile<'_>, String> {
        CodeFile::read(bytes, Invisible::Refuse)
    }

    fn codes(text: &str) -> Vec<String> {
        let file = read(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        file.codes.iter().map(|line| line.code.to_string()).collect()
    }

    #[test]
    fn line_ends_byte_order_mark_blanks_and_repeats() {
        let file = read("\u{feff}A\r\n\r\nB \n  \nA\nü\n".as_bytes()).unwrap();
        assert_eq!(file.codes.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 3, 6]);
        assert_eq!(file.codes.iter().map(|line| &*line.code).collect::<Vec<_>>(), ["A", "B", "ü"]);
        assert_eq!((file.repeats, file.blank), (vec![5], 2));
    }

    #[test]
    fn every_line_end_ends_a_line() {
        for ends in ["\n", "\r\n", "\r"] {
            assert_eq!(codes(&["A", "B", "C"].join(ends)), ["A", "B", "C"], "{ends:?}");
            assert_eq!(codes(&format!("A{ends}B{ends}C{ends}")), ["A", "B", "C"], "{ends:?}");
        }
        // The file of issue 14, written by Excel on a Mac; and files put together of several.
        assert_eq!(codes("AAAA-0001\rAAAA-0002\rAAAA-0003\r").len(), 3);
        let mixed = read(b"A\rB\r\nC\nD\r\r\nE\n\rF").unwrap();
        assert_eq!(
            mixed.codes.iter().map(|line| line.line).collect::<Vec<_>>(),
            [1, 2, 3, 4, 6, 8]
        );
        assert_eq!(mixed.blank, 2);
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        assert_eq!(codes("A\nB"), ["A", "B"]);
        assert_eq!(read(b"").unwrap(), CodeFile::default());
        assert_eq!(read(b"\xef\xbb\xbf").unwrap(), CodeFile::default());
    }

    #[test]
    fn bad_lines_are_named_by_number() {
        let mut bytes = b"A\nok\xff\n".to_vec();
        bytes.extend([b'x'; 8193]);
        bytes.extend(b"\nz\0z\n");
        let error = read(&bytes).unwrap_err();
        assert!(error.contains("line 2: not UTF-8 at byte 3"), "{error}");
        assert!(error.contains("line 3: 8193 bytes"), "{error}");
        assert!(error.contains("line 4: holds a zero byte"), "{error}");
        let many = b"\xff\n".repeat(25);
        assert!(read(&many).unwrap_err().ends_with("and 15 more lines"));
        assert_eq!(read(&[b'x'; 8192]).unwrap().codes[0].code.len(), 8192);
    }

    #[test]
    fn what_is_removed_is_counted() {
        let text = "\u{feff}A\n\u{feff}B\r\n\u{a0}C\u{200b}\nB\n";
        let refused = read(text.as_bytes()).unwrap_err();
        assert!(refused.starts_with("line 2: ") && refused.contains("line 3: "), "{refused}");
        let file = CodeFile::read(text.as_bytes(), Invisible::Remove).unwrap();
        assert_eq!(file.codes.iter().map(|line| &*line.code).collect::<Vec<_>>(), ["A", "B", "C"]);
        assert_eq!((file.cleaned, file.repeats), (2, vec![4]));
    }
}

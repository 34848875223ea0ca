//! A file of codes, one a line.

use std::collections::HashSet;

/// What the table holds.
const MAX_CODE: usize = 512;

/// Problems told before the rest is only counted.
const TOLD: usize = 10;

/// The codes of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct CodeFile<'a> {
    /// Each code once, in the order of the file.
    pub(super) codes: Vec<&'a str>,
    /// Lines that repeat a code of an earlier line: their numbers, from 1.
    pub(super) repeats: Vec<usize>,
    /// Lines with nothing in them.
    pub(super) blank: usize,
}

impl<'a> CodeFile<'a> {
    /// Reads a file. LF and CRLF, a byte order mark, blank lines and spaces around a code
    /// are taken for what they are.
    ///
    /// # Errors
    /// Lines that are no code, with their numbers: then nothing of the file should be used.
    pub(super) fn read(bytes: &'a [u8]) -> Result<CodeFile<'a>, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut file = CodeFile::default();
        let mut seen = HashSet::new();
        let mut problems = Vec::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            match code_of(line) {
                Err(problem) => problems.push(format!("line {number}: {problem}")),
                Ok("") => file.blank += 1,
                Ok(code) if seen.insert(code) => file.codes.push(code),
                Ok(_) => file.repeats.push(number),
            }
        }
        if bytes.is_empty() || bytes.ends_with(b"\n") {
            // The newline that ends the last line begins no further one.
            file.blank = file.blank.saturating_sub(1);
        }
        if problems.is_empty() { Ok(file) } else { Err(told(&problems)) }
    }
}

fn code_of(line: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(line).map_err(|error| {
        let column = error.valid_up_to() + 1;
        format!("not UTF-8 at byte {column} of the line (convert the file, for example with iconv)")
    })?;
    let code = text.trim();
    if code.len() > MAX_CODE {
        return Err(format!("{} bytes, a code has at most {MAX_CODE}", code.len()));
    }
    if code.contains('\0') {
        return Err("holds a zero byte: is this a text file?".to_owned());
    }
    Ok(code)
}

fn told(problems: &[String]) -> String {
    let mut text = problems.iter().take(TOLD).cloned().collect::<Vec<_>>().join("\n");
    if problems.len() > TOLD {
        text.push_str(&format!("\nand {} more lines", problems.len() - TOLD));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::CodeFile;

    #[test]
    fn line_ends_byte_order_mark_blanks_and_repeats() {
        let file = CodeFile::read("\u{feff}A\r\n\r\nB \n  \nA\nü\n".as_bytes()).unwrap();
        assert_eq!(file.codes, ["A", "B", "ü"]);
        assert_eq!(file.repeats, [5]);
        assert_eq!(file.blank, 2);
    }

    #[test]
    fn the_last_line_needs_no_newline() {
        assert_eq!(CodeFile::read(b"A\nB").unwrap().codes, ["A", "B"]);
        assert_eq!(CodeFile::read(b"").unwrap(), CodeFile::default());
    }

    #[test]
    fn bad_lines_are_named_by_number() {
        let mut bytes = b"A\nok\xff\n".to_vec();
        bytes.extend([b'x'; 513]);
        bytes.extend(b"\nz\0z\n");
        let error = CodeFile::read(&bytes).unwrap_err();
        assert!(error.contains("line 2: not UTF-8 at byte 3"), "{error}");
        assert!(error.contains("line 3: 513 bytes"), "{error}");
        assert!(error.contains("line 4: holds a zero byte"), "{error}");
        let many = b"\xff\n".repeat(25);
        assert!(CodeFile::read(&many).unwrap_err().ends_with("and 15 more lines"));
    }
}

//! A table as text: comma-separated values (RFC 4180), UTF-8, the names of the columns on the first line.

/// One line of values, which may go over several lines of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Where it begins, from 1.
    pub(crate) line: usize,
    pub(crate) values: Vec<String>,
}

/// Reads all lines that have something in them. A byte order mark and CRLF are taken for what they are; blanks
/// around a value are its own.
///
/// # Errors
/// What cannot be read, with its line.
pub(crate) fn records(bytes: &[u8]) -> Result<Vec<Record>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!(
            "line {line}: not UTF-8 (a file saved by Excel may be GBK: save it as \"CSV UTF-8\", or convert it \
             with iconv -f GBK -t UTF-8)"
        )
    })?;
    let mut reader = Reader { rest: text, line: 1 };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        let line = reader.line;
        let values = reader.record()?;
        if values.iter().any(|value| !value.is_empty()) {
            records.push(Record { line, values });
        }
    }
    Ok(records)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

impl Reader<'_> {
    /// The values up to the end of a line, which is taken too.
    fn record(&mut self) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        loop {
            values.push(if self.rest.starts_with('"') { self.quoted()? } else { self.bare()? });
            if self.take(",") {
                continue;
            }
            if self.rest.is_empty() || self.take("\r\n") || self.take("\n") {
                self.line += 1;
                return Ok(values);
            }
            return Err(format!("line {}: text behind the closing quote", self.line));
        }
    }

    fn bare(&mut self) -> Result<String, String> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        let value = match rest.starts_with(',') {
            true => value,
            false => value.strip_suffix('\r').unwrap_or(value),
        };
        if value.contains(['"', '\r']) {
            let what = if value.contains('"') { "a quote" } else { "a carriage return" };
            return Err(format!("line {}: {what} inside a value that is not quoted", self.line));
        }
        self.rest = rest;
        Ok(value.to_owned())
    }

    fn quoted(&mut self) -> Result<String, String> {
        let begun = self.line;
        let mut value = String::new();
        self.take("\"");
        loop {
            let Some(end) = self.rest.find('"') else {
                return Err(format!("line {begun}: a quote has no end"));
            };
            let (part, rest) = self.rest.split_at(end);
            self.line += part.matches('\n').count();
            value.push_str(part);
            self.rest = rest.strip_prefix('"').unwrap_or(rest);
            if !self.take("\"") {
                return Ok(value);
            }
            value.push('"');
        }
    }

    fn take(&mut self, what: &str) -> bool {
        match self.rest.strip_prefix(what) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::records;

    fn read(text: &str) -> Vec<(usize, Vec<String>)> {
        records(text.as_bytes()).unwrap().into_iter().map(|it| (it.line, it.values)).collect()
    }

    fn row(line: usize, values: &[&str]) -> (usize, Vec<String>) {
        (line, values.iter().map(|value| (*value).to_owned()).collect())
    }

    #[test]
    fn quotes_line_ends_and_empty_lines() {
        let text = "\u{feff}a,b\r\n\r\n\"x,\"\"y\"\"\nz\", 单 \n,\n,c\n\"\",\"d\"";
        assert_eq!(
            read(text),
            [
                row(1, &["a", "b"]),
                row(3, &["x,\"y\"\nz", " 单 "]),
                row(6, &["", "c"]),
                row(7, &["", "d"])
            ]
        );
        assert_eq!(read(""), []);
        assert_eq!(read("a\n"), [row(1, &["a"])]);
        assert_eq!(read("a,\n"), [row(1, &["a", ""])]);
    }

    #[test]
    fn what_cannot_be_read_is_named_by_line() {
        for (bytes, said) in [
            (&b"a\nb\n\xd6\xd0"[..], "line 3: not UTF-8"),
            (b"a\n\"b\nc", "line 2: a quote has no end"),
            (b"a\n\"b\"c\n", "line 2: text behind the closing quote"),
            (b"a\nb\"c\"\n", "line 2: a quote inside"),
            (b"a\rb\rc", "line 1: a carriage return inside"),
            (b"\"a\nb\"x", "line 2: text behind"),
        ] {
            let error = records(bytes).unwrap_err();
            assert!(error.starts_with(said), "{error}");
        }
    }
}

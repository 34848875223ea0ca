//! A table as text: comma-separated values (RFC 4180), UTF-8, the names of the columns on the first line.

/// One line of values, which may go over several lines of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CsvRecord {
    /// Where it begins, from 1.
    pub(crate) line: usize,
    pub(crate) values: Vec<String>,
}

/// The lines of a file, and what is wrong with others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CsvRecords {
    pub(crate) records: Vec<CsvRecord>,
    /// Lines that cannot be read, from 1, with why.
    pub(crate) problems: Vec<(usize, String)>,
}

/// Reads all lines that have something in them. A byte order mark and CRLF are taken for what they are; blanks
/// around a value are its own. Behind a line that cannot be read it goes on with the next one.
///
/// # Errors
/// Not UTF-8, with the line.
pub(crate) fn records(bytes: &[u8]) -> Result<CsvRecords, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        format!(
            "line {line}: not UTF-8 (a file saved by Excel may be GBK: save it as \"CSV UTF-8\", or convert it \
             with iconv -f GBK -t UTF-8)"
        )
    })?;
    let mut reader = CsvReader { rest: text, line: 1 };
    let (mut records, mut problems) = (Vec::new(), Vec::new());
    while !reader.rest.is_empty() {
        let (line, rest) = (reader.line, reader.rest);
        match reader.record() {
            Ok(values) if values.iter().any(|value| !value.is_empty()) => {
                records.push(CsvRecord { line, values });
            }
            Ok(_) => {}
            Err((at, problem)) => {
                problems.push((at, problem));
                // What a quote without an end has taken with it is read once more: other lines may be bad, too.
                reader.rest = rest.split_once('\n').map_or("", |(_, next)| next);
                reader.line = line + 1;
            }
        }
    }
    Ok(CsvRecords { records, problems })
}

struct CsvReader<'a> {
    rest: &'a str,
    line: usize,
}

impl CsvReader<'_> {
    /// The values up to the end of a line, which is taken too.
    fn record(&mut self) -> Result<Vec<String>, (usize, String)> {
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
            return Err((self.line, "text behind the closing quote".to_owned()));
        }
    }

    fn bare(&mut self) -> Result<String, (usize, String)> {
        let end = self.rest.find([',', '\n']).unwrap_or(self.rest.len());
        let (value, rest) = self.rest.split_at(end);
        let value = match rest.starts_with(',') {
            true => value,
            false => value.strip_suffix('\r').unwrap_or(value),
        };
        if value.contains(['"', '\r']) {
            let what = if value.contains('"') { "a quote" } else { "a carriage return" };
            return Err((self.line, format!("{what} inside a value that is not quoted")));
        }
        self.rest = rest;
        Ok(value.to_owned())
    }

    fn quoted(&mut self) -> Result<String, (usize, String)> {
        let begun = self.line;
        let mut value = String::new();
        self.take("\"");
        loop {
            let Some(end) = self.rest.find('"') else {
                return Err((begun, "a quote has no end".to_owned()));
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
        records(text.as_bytes())
            .unwrap()
            .records
            .into_iter()
            .map(|it| (it.line, it.values))
            .collect()
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
        let quote = "a quote inside a value that is not quoted";
        let behind = "text behind the closing quote";
        let control = "a carriage return inside a value that is not quoted";
        for (bytes, said) in [
            (&b"a\n\"b\nc"[..], &[(2, "a quote has no end")][..]),
            (b"a\n\"b\"c\n", &[(2, behind)]),
            (b"a\nb\"c\"\n", &[(2, quote)]),
            (b"a\rb\rc", &[(1, control)]),
            (b"\"a\nb\"x", &[(2, behind), (2, quote)]),
            // One quote without an end hides no other bad line, also where a later quote seems to end it.
            (b"a,\"b\nc\"d,e\nf\n", &[(2, behind), (2, quote)]),
            (b"a,\"b\nc\rd\n\"x\",y", &[(3, behind), (2, control)]),
        ] {
            let problems = records(bytes).unwrap().problems;
            let problems: Vec<(usize, &str)> =
                problems.iter().map(|(line, it)| (*line, it.as_str())).collect();
            assert_eq!(problems, said, "{}", bytes.escape_ascii());
        }
        let error = records(b"a\nb\n\xd6\xd0").unwrap_err();
        assert!(error.starts_with("line 3: not UTF-8"), "{error}");
    }

    #[test]
    fn lines_behind_a_bad_one_are_read() {
        let found = records(b"a,b\n\"c,d\ne,f\ng,h").unwrap();
        assert_eq!(found.problems, [(2, "a quote has no end".to_owned())]);
        let lines: Vec<usize> = found.records.iter().map(|it| it.line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }
}

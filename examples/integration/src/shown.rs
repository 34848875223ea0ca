//! Whether a program printed what a document shows.
//!
//! What differs from run to run is compared by its shape: times, dates, long numbers and ids, ports, widths of columns and
//! lines of tables. `…` in a document stands for anything: within a line, or, alone on a line, for any number of lines.

/// The first line of a document that was not printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The document's line.
    pub shown: String,
}

/// Compares what a document shows with what was printed.
///
/// # Errors
/// The first line of the document that does not follow what was printed before it, or an empty line where more was
/// printed than the document shows.
pub fn compare(shown: &str, printed: &str) -> Result<(), Difference> {
    let shown: Vec<&str> = shown.lines().filter(|line| !line.trim().is_empty()).collect();
    let printed: Vec<&str> = printed.lines().filter(|line| !line.trim().is_empty()).collect();
    let mut at = 0;
    let mut any_number = false;
    for line in shown {
        if line.trim() == "…" {
            any_number = true;
            continue;
        }
        let next = printed[at..].iter().position(|printed| is_alike(line, printed));
        match next {
            Some(passed) if any_number || passed == 0 => at += passed + 1,
            _ => return Err(Difference { shown: line.to_owned() }),
        }
        any_number = false;
    }
    if at < printed.len() && !any_number {
        return Err(Difference { shown: String::new() });
    }
    Ok(())
}

/// Whether two lines differ in nothing but what differs from run to run.
fn is_alike(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (shape(shown), shape(printed));
    let mut rest = printed.as_str();
    let pieces: Vec<&str> = shown.split('…').map(str::trim).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let is_last = number + 1 == pieces.len();
        let found = match (number, is_last) {
            (0, true) => return rest == *piece,
            (0, false) => rest.strip_prefix(piece),
            (_, true) => return rest.ends_with(piece),
            (_, false) => rest.find(piece).map(|at| &rest[at + piece.len()..]),
        };
        match found {
            Some(found) => rest = found,
            None => return false,
        }
    }
    true
}

/// A line with every variable word as `#` for each of its numbers, and one space between words.
fn shape(line: &str) -> String {
    let words = line
        .split_whitespace()
        .map(|word| if varies(word) { numbers(word) } else { word.to_owned() });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether a word is a time, a date, an address, a duration or a long number: amounts, statuses and our own order numbers
/// are none of these.
fn varies(word: &str) -> bool {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let around = |mark: char| {
        word.split(mark).collect::<Vec<_>>().windows(2).any(|pair| {
            pair[0].ends_with(|c: char| c.is_ascii_digit())
                && pair[1].starts_with(|c: char| c.is_ascii_digit())
        })
    };
    digits >= 9 || around(':') || (digits == 8 && around('-'))
}

/// Every run of letters and digits with a digit in it as one `#`.
fn numbers(word: &str) -> String {
    let mut shape = String::new();
    let mut run = String::new();
    for letter in word.chars().chain(['\0']) {
        if letter.is_ascii_alphanumeric() {
            run.push(letter);
            continue;
        }
        if run.chars().any(|c| c.is_ascii_digit()) {
            shape.push('#');
        } else {
            shape.push_str(&run);
        }
        run.clear();
        if letter != '\0' {
            shape.push(letter);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::compare;

    fn alike(shown: &str, printed: &str) -> bool {
        compare(shown, printed).is_ok()
    }

    #[test]
    fn times_ids_and_widths_may_differ() {
        assert!(alike("2026-11-23 22:58:09  placed", "2027-01-02 03:04:05    placed\n"));
        assert!(alike("listen=127.0.0.1:8080", "listen=127.0.0.1:31234"));
        assert!(alike("trade 2026112322001353263477604560", "trade 2027010122001399999999999999"));
        assert!(alike("id 3e6f0a91b2c48d57", "id 0a1b2c3d4e5f6071"));
    }

    #[test]
    fn amounts_statuses_words_and_order_numbers_may_not() {
        assert!(!alike("paid 10.00 yuan", "paid 10.01 yuan"));
        assert!(!alike("status 8", "status 4"));
        assert!(!alike("order T-1", "order T-2"));
        assert!(!alike("delivered", "returned"));
        assert!(!alike("2026-11-23 22:58:09  placed", "2026-11-23 22:58:09  paid"));
    }

    #[test]
    fn dots_stand_for_the_rest_of_a_line_or_for_lines() {
        assert!(alike("a … c", "a b b c"));
        assert!(!alike("a … c", "a b b"));
        assert!(alike("a …", "a and more"));
        assert!(alike("…\nb\n…", "a\nb\nc\nd"));
        assert!(alike("a\n…", "a"));
        assert!(!alike("a\nc", "a\nb\nc"));
    }

    #[test]
    fn nothing_more_and_nothing_less_is_printed() {
        assert_eq!(compare("a", "a\nb").unwrap_err().shown, "");
        assert_eq!(compare("a\nb", "a").unwrap_err().shown, "b");
        assert!(alike("", "\n"));
    }
}

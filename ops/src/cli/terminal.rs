//! The terminal that results go to: its size, and colours.
//!
//! A colour is asked for with a mark inside the text, which takes no room in a table. [`render`] turns marks into what
//! the terminal understands, or takes them out: where stdout is no terminal, or `NO_COLOR` is set (<https://no-color.org>).

use console::Term;

use crate::operations::dead_letter;

/// How a part of a text is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// What is looked for first.
    Bold,
    /// Something is wrong.
    Red,
    /// Something waits for a person.
    Yellow,
    /// All is well.
    Green,
    /// Beside the point.
    Faint,
}

/// Variation selectors that no script uses: of no width. [`crate::cli::output::plain`] escapes them in what came from outside.
const FIRST: u32 = 0xE01E0;
const END: char = '\u{E01E5}';

impl Style {
    const ALL: [Style; 5] = [Style::Bold, Style::Red, Style::Yellow, Style::Green, Style::Faint];

    fn mark(self) -> Option<char> {
        char::from_u32(FIRST + self as u32)
    }

    /// Select Graphic Rendition, ECMA-48 8.3.117.
    fn sequence(self) -> &'static str {
        match self {
            Style::Bold => "\u{1b}[1m",
            Style::Red => "\u{1b}[1;31m",
            Style::Yellow => "\u{1b}[33m",
            Style::Green => "\u{1b}[32m",
            Style::Faint => "\u{1b}[2m",
        }
    }

    /// The text with its marks.
    pub(crate) fn paint(self, text: impl std::fmt::Display) -> String {
        match self.mark() {
            Some(mark) => format!("{mark}{text}{END}"),
            None => text.to_string(),
        }
    }
}

/// Whether the character is one of the marks.
pub(crate) fn is_mark(character: char) -> bool {
    (FIRST..=u32::from(END)).contains(&u32::from(character))
}

/// The columns of the terminal on stdout; `None` where stdout is none, and texts are as wide as they are.
pub(crate) fn width() -> Option<usize> {
    size().map(|(_, columns)| columns)
}

/// Rows and columns of the terminal on stdout.
pub(crate) fn size() -> Option<(usize, usize)> {
    let (rows, columns) = Term::stdout().size_checked()?;
    // A terminal that does not know its size says 0.
    (rows > 0 && columns > 0).then_some((usize::from(rows), usize::from(columns)))
}

/// Whether stdout takes colours.
pub(crate) fn colours() -> bool {
    // By the convention any value counts but the empty one.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !no_color && Term::stdout().features().colors_supported()
}

/// An id as a person sees it: on a terminal its first 12 characters, which every verb takes for the whole.
pub(crate) fn short_id(id: &str) -> String {
    match width() {
        Some(_) => dead_letter::short(id),
        None => id.to_owned(),
    }
}

/// The page with its marks as colours, or without them; every part between two marks goes through `escape`.
pub(crate) fn render(page: &str, colours: bool, escape: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some(at) = rest.find(is_mark) {
        out.push_str(&escape(&rest[..at]));
        let mut characters = rest[at..].chars();
        let mark = characters.next();
        let style = Style::ALL.into_iter().find(|style| style.mark() == mark);
        if colours {
            out.push_str(style.map_or("\u{1b}[0m", Style::sequence));
        }
        rest = characters.as_str();
    }
    out.push_str(&escape(rest));
    out
}

/// Columns that a continued line is moved to the right.
const INDENT: usize = 10;

/// The line in pieces that are not wider than so many columns, broken between words where there are some.
pub(crate) fn broken(line: &str, columns: usize) -> Vec<String> {
    let most = columns.max(INDENT * 2);
    let (mut lines, mut now) = (Vec::new(), String::new());
    for word in line.split_inclusive(' ') {
        let with = console::measure_text_width(&now) + console::measure_text_width(word.trim_end());
        if with > most && !now.trim().is_empty() {
            lines.push(std::mem::replace(&mut now, " ".repeat(INDENT)).trim_end().to_owned());
        }
        now.push_str(word);
    }
    lines.push(now);
    lines
}

/// The text as it is printed: on a terminal with its long lines broken.
pub(crate) fn folded(text: &str) -> String {
    let Some(columns) = width() else { return text.to_owned() };
    text.lines().flat_map(|line| broken(line, columns)).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_between_words() {
        let line = "NOW   no_workers: nobody consumes the queue and four messages wait in it";
        let pieces = broken(line, 40);
        assert_eq!(
            pieces,
            [
                "NOW   no_workers: nobody consumes the",
                "          queue and four messages wait",
                "          in it"
            ]
        );
        assert_eq!(broken("short", 40), ["short"]);
        assert_eq!(broken("", 40), [""]);
        // A word that does not fit has a line of its own.
        assert_eq!(broken(&"x".repeat(100), 40).len(), 1);
    }

    #[test]
    fn marks_become_colours_or_go_away() {
        let text = format!("a {} c", Style::Red.paint("b"));
        let as_it_is = |part: &str| part.to_owned();
        assert_eq!(render(&text, true, as_it_is), "a \u{1b}[1;31mb\u{1b}[0m c");
        assert_eq!(render(&text, false, as_it_is), "a b c");
        assert_eq!(console::measure_text_width(&text), 5, "marks take no room");
    }

    #[test]
    fn what_came_from_outside_brings_no_colours() {
        let forged = Style::Green.paint("paid");
        let plain = crate::cli::output::plain(&forged);
        assert_eq!(render(&plain, true, |part| part.to_owned()), "\\u{e01e3}paid\\u{e01e5}");
    }
}

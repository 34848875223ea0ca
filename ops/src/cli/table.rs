//! Tables that fit the terminal. Where stdout is none, every column and every value is printed whole, so that `awk` and
//! `cut` can read them.

use comfy_table::{ColumnConstraint, ContentArrangement, Width, presets};

use crate::cli::output::plain;
use crate::cli::terminal::{self, Style};

/// Cells up to this width are not broken over lines, where there is room: ids that are shortened, times, amounts.
const UNBROKEN: usize = 22;

/// The first column says which line it is, and is copied: it is not broken up to this width.
const FIRST_UNBROKEN: usize = 40;

/// Between two columns.
const GAP: u16 = 2;

/// A table without borders.
pub(crate) struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[String; N]>,
    spare: &'static [&'static str],
}

/// What a column needs at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Least {
    /// Its cells are not broken.
    All,
    /// Its longest word, of so many columns, is not broken.
    Words(usize),
    /// There is no room for words.
    Nothing,
}

/// A table all of whose columns are needed.
pub(crate) fn table<const N: usize>(
    header: [&'static str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    Table::new(header, rows).text()
}

impl<const N: usize> Table<N> {
    /// Control characters of the cells are escaped.
    pub(crate) fn new(
        header: [&'static str; N],
        rows: impl IntoIterator<Item = [String; N]>,
    ) -> Table<N> {
        let rows = rows.into_iter().map(|row| row.map(|cell| plain(&cell))).collect();
        Table { header, rows, spare: &[] }
    }

    /// Columns that a narrow terminal does without, the first one first.
    pub(crate) fn spare(self, spare: &'static [&'static str]) -> Table<N> {
        Table { spare, ..self }
    }

    /// As it is printed, for the terminal on stdout.
    pub(crate) fn text(&self) -> String {
        self.fitted(terminal::width())
    }

    fn fitted(&self, width: Option<usize>) -> String {
        let Some(width) = width else { return self.laid_out(&[true; N], None) };
        let widths: [usize; N] = std::array::from_fn(|column| self.width(column));
        let mut shown: [bool; N] = std::array::from_fn(|column| {
            self.rows.is_empty() || self.rows.iter().any(|row| !row[column].is_empty())
        });
        let words: [usize; N] = std::array::from_fn(|column| self.longest_word(column));
        // What a column needs where wider cells are broken into lines of `unbroken`: between words, if there are some.
        let least = |column: usize, unbroken: usize| match column {
            0 => widths[0].min(FIRST_UNBROKEN),
            _ if widths[column] <= unbroken => widths[column],
            _ => words[column].min(UNBROKEN),
        };
        let needed = |shown: &[bool; N], unbroken: usize| {
            let shown = (0..N).filter(|column| shown[*column]);
            let cells: usize = shown.map(|column| least(column, unbroken) + usize::from(GAP)).sum();
            cells.saturating_sub(usize::from(GAP))
        };
        let mut left_out = Vec::new();
        for name in self.spare {
            if needed(&shown, UNBROKEN) <= width {
                break;
            }
            for column in (0..N).filter(|column| self.header[*column] == *name) {
                if std::mem::take(&mut shown[column]) {
                    left_out.push(*name);
                }
            }
        }
        let mut unbroken = UNBROKEN;
        while unbroken > 0 && needed(&shown, unbroken) > width {
            unbroken -= 1;
        }
        let fixed: [bool; N] = std::array::from_fn(|column| {
            widths[column] <= if column == 0 { FIRST_UNBROKEN } else { unbroken }
        });
        let whole_words = needed(&shown, 0) <= width;
        let least = std::array::from_fn(|column| match (fixed[column], whole_words) {
            (true, _) => Least::All,
            (false, true) => Least::Words(words[column].min(UNBROKEN)),
            (false, false) => Least::Nothing,
        });
        let mut text = self.laid_out(&shown, Some((width, &least)));
        left_out.retain(|name| !name.is_empty());
        if !left_out.is_empty() {
            let note = format!("too wide for this terminal: {}", left_out.join(", "));
            text = format!("{text}\n{}", Style::Faint.paint(note));
        }
        text
    }

    /// The widest cell of a column.
    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| console::measure_text_width(&row[column]));
        cells.max().unwrap_or(0).max(console::measure_text_width(self.header[column]))
    }

    /// The longest word of a column, which no line should break.
    fn longest_word(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].as_str());
        let words = cells.chain([self.header[column]]).flat_map(str::split_whitespace);
        words.map(console::measure_text_width).max().unwrap_or(0)
    }

    /// The columns that are shown; for a terminal within its width, without breaking the fixed ones.
    fn laid_out(&self, shown: &[bool; N], fit: Option<(usize, &[Least; N])>) -> String {
        let columns: Vec<usize> = (0..N).filter(|column| shown[*column]).collect();
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns.iter().map(|column| self.header[*column].to_uppercase()));
        table.add_rows(self.rows.iter().map(|row| columns.iter().map(|column| &row[*column])));
        if let Some((width, _)) = fit {
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        for (column, index) in table.column_iter_mut().zip(columns) {
            column.set_padding((0, GAP));
            match fit.map(|(_, least)| least[index]) {
                Some(Least::All) => {
                    column.set_constraint(ColumnConstraint::ContentWidth);
                }
                Some(Least::Words(width)) => {
                    let width = u16::try_from(width).unwrap_or(u16::MAX).saturating_add(GAP);
                    column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(width)));
                }
                Some(Least::Nothing) | None => {}
            }
        }
        table.trim_fmt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table<4> {
        let row =
            |id: &str, text: &str| [id, "", text, "2026-11-29 18:56:44"].map(ToOwned::to_owned);
        let long = "the total of the notification is 0.01 and the order's is 10.00";
        Table::new(["id", "nothing", "error", "at"], [row("a-1", long), row("a-2", "short")])
            .spare(&["at"])
    }

    #[test]
    fn without_a_terminal_all_is_printed() {
        let text = sample().fitted(None);
        assert!(text.starts_with("ID   NOTHING  ERROR "), "{text}");
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| !line.ends_with(' ')));
    }

    #[test]
    fn the_first_column_and_words_are_not_broken() {
        let id = "S0123456789abcdef0123456789abcdef";
        let row = [id, "subscription", "paid and not delivered", "10.00"].map(ToOwned::to_owned);
        let text = Table::new(["id", "kind", "what is wrong", "available"], [row]).fitted(Some(80));
        for word in [id, "subscription", "delivered", "AVAILABLE"] {
            assert!(text.contains(word), "{text}");
        }
    }

    #[test]
    fn every_width_is_kept() {
        for width in 22..120 {
            let text = sample().fitted(Some(width));
            let text = terminal::render(&text, false, |part| part.to_owned());
            for line in text.lines().filter(|line| !line.starts_with("too wide")) {
                assert!(console::measure_text_width(line) <= width, "{width}: {line}");
            }
            assert!(!text.contains("NOTHING"), "an empty column takes no room: {text}");
            assert_eq!(text.contains("too wide for this terminal: at"), width < 38, "{text}");
        }
    }
}

//! Tables that fit the terminal. Where stdout is none, every column and every value is printed whole, so that `awk` and
//! `cut` can read them.

use std::fmt::Display;

use comfy_table::{ColumnConstraint, ContentArrangement, Width, presets};

use crate::cli::output::plain;
use crate::cli::terminal::{self, Style};
use crate::text::or_empty;

/// Cells up to this width are not broken over lines, where there is room: ids that are shortened, times, amounts.
const UNBROKEN: usize = 22;

/// The first column says which line it is, and is copied: it is not broken up to this width.
const FIRST_UNBROKEN: usize = 40;

/// Between two columns.
const GAP: u16 = 2;

/// A table without borders.
pub(crate) struct Table {
    columns: Vec<Column>,
    spare: &'static [&'static str],
}

/// A column: its name, and a cell for each line.
struct Column {
    name: &'static str,
    cells: Vec<String>,
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

/// A table of lines that are written cell by cell.
pub(crate) fn table<const N: usize>(
    header: [&'static str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut columns = header.map(|name| Column { name, cells: Vec::new() });
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.cells.push(plain(&cell));
        }
    }
    Table { columns: columns.into(), spare: &[] }.text()
}

/// A table with a line for each of some values, which is given column by column.
pub(crate) struct Listing<'a, R> {
    rows: &'a [R],
    table: Table,
}

/// Begins a table with a line for each of `rows`.
pub(crate) fn list<R>(rows: &[R]) -> Listing<'_, R> {
    Listing { rows, table: Table { columns: Vec::new(), spare: &[] } }
}

impl<'a, R> Listing<'a, R> {
    /// Adds a column. Control characters of its cells are escaped.
    pub(crate) fn column<D: Display>(
        mut self,
        name: &'static str,
        cell: impl Fn(&'a R) -> D,
    ) -> Listing<'a, R> {
        let cells = self.rows.iter().map(|row| plain(&cell(row).to_string())).collect();
        self.table.columns.push(Column { name, cells });
        self
    }

    /// Adds a column whose cell is empty where there is no value.
    pub(crate) fn optional<D: Display>(
        self,
        name: &'static str,
        cell: impl Fn(&'a R) -> Option<D>,
    ) -> Listing<'a, R> {
        self.column(name, |row| or_empty(cell(row)))
    }

    /// Columns that a narrow terminal does without, the first one first.
    pub(crate) fn spare(mut self, spare: &'static [&'static str]) -> Listing<'a, R> {
        self.table.spare = spare;
        self
    }

    /// As it is printed, for the terminal on stdout.
    pub(crate) fn text(&self) -> String {
        self.table.text()
    }
}

impl Column {
    /// The widest cell.
    fn width(&self) -> usize {
        self.texts().map(console::measure_text_width).max().unwrap_or(0)
    }

    /// The longest word, which no line should break.
    fn longest_word(&self) -> usize {
        let words = self.texts().flat_map(str::split_whitespace);
        words.map(console::measure_text_width).max().unwrap_or(0)
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        self.cells.iter().map(String::as_str).chain([self.name])
    }

    fn is_empty(&self) -> bool {
        !self.cells.is_empty() && self.cells.iter().all(String::is_empty)
    }
}

impl Table {
    fn text(&self) -> String {
        self.fitted(terminal::width())
    }

    fn fitted(&self, width: Option<usize>) -> String {
        let columns = &self.columns;
        let Some(width) = width else { return self.laid_out(&vec![true; columns.len()], None) };
        let widths: Vec<usize> = columns.iter().map(Column::width).collect();
        let words: Vec<usize> = columns.iter().map(Column::longest_word).collect();
        let mut shown: Vec<bool> = columns.iter().map(|column| !column.is_empty()).collect();
        // What a column needs where wider cells are broken into lines of `unbroken`: between words, if there are some.
        let least = |column: usize, unbroken: usize| match column {
            0 => widths[0].min(FIRST_UNBROKEN),
            _ if widths[column] <= unbroken => widths[column],
            _ => words[column].min(UNBROKEN),
        };
        let needed = |shown: &[bool], unbroken: usize| {
            let shown = (0..shown.len()).filter(|column| shown[*column]);
            let cells: usize = shown.map(|column| least(column, unbroken) + usize::from(GAP)).sum();
            cells.saturating_sub(usize::from(GAP))
        };
        let mut left_out = Vec::new();
        for name in self.spare {
            if needed(&shown, UNBROKEN) <= width {
                break;
            }
            for (column, shown) in columns.iter().zip(&mut shown) {
                if column.name == *name && std::mem::take(shown) {
                    left_out.push(*name);
                }
            }
        }
        let mut unbroken = UNBROKEN;
        while unbroken > 0 && needed(&shown, unbroken) > width {
            unbroken -= 1;
        }
        let whole_words = needed(&shown, 0) <= width;
        let least = |column: usize| {
            let fixed = if column == 0 { FIRST_UNBROKEN } else { unbroken };
            match (widths[column] <= fixed, whole_words) {
                (true, _) => Least::All,
                (false, true) => Least::Words(words[column].min(UNBROKEN)),
                (false, false) => Least::Nothing,
            }
        };
        let least: Vec<Least> = (0..columns.len()).map(least).collect();
        let mut text = self.laid_out(&shown, Some((width, &least)));
        left_out.retain(|name| !name.is_empty());
        if !left_out.is_empty() {
            let note = format!("too wide for this terminal: {}", left_out.join(", "));
            text = format!("{text}\n{}", Style::Faint.paint(note));
        }
        text
    }

    /// The columns that are shown; for a terminal within its width, without breaking the fixed ones.
    fn laid_out(&self, shown: &[bool], fit: Option<(usize, &[Least])>) -> String {
        let indices: Vec<usize> = (0..shown.len()).filter(|index| shown[*index]).collect();
        let columns = || indices.iter().map(|index| &self.columns[*index]);
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(columns().map(|column| column.name.to_uppercase()));
        let lines = self.columns.first().map_or(0, |column| column.cells.len());
        table.add_rows((0..lines).map(|line| columns().map(move |column| &column.cells[line])));
        if let Some((width, _)) = fit {
            let width = u16::try_from(width).unwrap_or(u16::MAX);
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        for (column, index) in table.column_iter_mut().zip(&indices) {
            column.set_padding((0, GAP));
            match fit.map(|(_, least)| least[*index]) {
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

    fn sample() -> Table {
        let long = "the total of the notification is 0.01 and the order's is 10.00";
        list(&[("a-1", long), ("a-2", "short")])
            .column("id", |row| row.0)
            .column("nothing", |_| "")
            .column("error", |row| row.1)
            .column("at", |_| "2026-11-29 18:56:44")
            .spare(&["at"])
            .table
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
        let columns = [
            ("id", id),
            ("kind", "subscription"),
            ("what is wrong", "paid and not delivered"),
            ("available", "10.00"),
        ];
        let table = columns.iter().fold(list(&[()]), |it, (name, cell)| it.column(name, |()| cell));
        let text = table.table.fitted(Some(80));
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

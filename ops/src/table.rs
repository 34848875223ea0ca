//! Tables that fit the terminal. Where stdout is none, every column and every value is printed whole, so that `awk` and
//! `cut` can read them.

use comfy_table::{ColumnConstraint, ContentArrangement, presets};

use crate::output::plain;
use crate::terminal::{self, Style};

/// Cells up to this width are not broken over lines, where there is room: ids that are shortened, times, amounts.
const UNBROKEN: usize = 22;

/// Cells of this width never are.
const NEVER_BROKEN: usize = 8;

/// Between two columns.
const GAP: u16 = 2;

/// A table without borders.
pub(crate) struct Table<const N: usize> {
    header: [&'static str; N],
    rows: Vec<[String; N]>,
    spare: &'static [&'static str],
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
        // What is needed where wider cells are broken into lines of `unbroken`.
        let needed = |shown: &[bool; N], unbroken: usize| {
            let shown = widths.iter().zip(shown).filter(|(_, shown)| **shown);
            let cells: usize =
                shown.map(|(width, _)| (*width).min(unbroken) + usize::from(GAP)).sum();
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
        while unbroken > NEVER_BROKEN && needed(&shown, unbroken) > width {
            unbroken -= 1;
        }
        let fixed = widths.map(|width| width <= unbroken);
        let mut text = self.laid_out(&shown, Some((width, &fixed)));
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

    /// The columns that are shown; for a terminal within its width, without breaking the fixed ones.
    fn laid_out(&self, shown: &[bool; N], fit: Option<(usize, &[bool; N])>) -> String {
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
            if fit.is_some_and(|(_, fixed)| fixed[index]) {
                column.set_constraint(ColumnConstraint::ContentWidth);
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
    fn every_width_is_kept() {
        for width in 20..120 {
            let text = sample().fitted(Some(width));
            let text = terminal::render(&text, false, |part| part.to_owned());
            for line in text.lines().filter(|line| !line.starts_with("too wide")) {
                assert!(console::measure_text_width(line) <= width, "{width}: {line}");
            }
            assert!(!text.contains("NOTHING"), "an empty column takes no room: {text}");
            assert_eq!(text.contains("too wide for this terminal: at"), width < 48, "{text}");
        }
    }
}

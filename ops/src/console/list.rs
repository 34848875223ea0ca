//! Tables with a heading over each column. On a phone there is no room for headings: a row is some lines of its cells,
//! and numbers have their heading beside them.

use service::html::Html;
use service::language::say;

/// A column and its heading in Chinese and English.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    chinese: &'static str,
    english: &'static str,
    is_number: bool,
}

impl Column {
    /// Of texts, times and tags.
    pub(super) const fn text(chinese: &'static str, english: &'static str) -> Column {
        Column { chinese, english, is_number: false }
    }

    /// Of numbers and amounts.
    pub(super) const fn number(chinese: &'static str, english: &'static str) -> Column {
        Column { chinese, english, is_number: true }
    }

    /// Without a heading.
    pub(super) const NAMELESS: Column = Column::text("", "");

    fn heading(self) -> &'static str {
        say(self.chinese, self.english)
    }

    /// A cell of the column.
    pub(super) fn cell(self, value: impl ToString) -> Html {
        let value = value.to_string();
        let html = match self.is_number {
            // An empty cell needs no heading beside it.
            true if value.is_empty() => Html::new().raw("<td class=\"n\">"),
            true => Html::new().raw("<td class=\"n\" data-label=\"").raw(self.heading()).raw("\">"),
            false => Html::new().raw("<td>"),
        };
        html.text(&value).raw("</td>")
    }
}

/// The table; each row is a `<tr>`.
pub(super) fn list(
    columns: impl IntoIterator<Item = Column>,
    rows: impl IntoIterator<Item = Html>,
) -> Html {
    let heading = |column: Column| {
        let html = Html::new().raw(if column.is_number { "<th class=\"n\">" } else { "<th>" });
        html.raw(column.heading()).raw("</th>")
    };
    Html::new()
        .raw("<div class=\"card\"><table class=\"list\"><thead><tr>")
        .all(columns.into_iter().map(heading))
        .raw("</tr></thead><tbody>\n")
        .all(rows)
        .raw("</tbody></table></div>\n")
}

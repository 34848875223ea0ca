//! What the pages of the console and of the simulator have in common: the document around them, tables, and
//! text that is shown as it is.

use axum::http::header::{CACHE_CONTROL, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::response::Response;
use maud::{DOCTYPE, Markup, PreEscaped, Render, html};

use crate::invisible;
use crate::language::{Language, say};

/// A whole page in the language of the request.
#[derive(Debug)]
pub struct Document<'a> {
    /// For the browser's window.
    pub title: &'a str,
    /// The style sheet, inline: pages load nothing.
    pub style: &'static str,
    /// Further elements of the head.
    pub head: Markup,
    /// The body's content.
    pub body: Markup,
}

impl Document<'_> {
    /// The document as it is sent.
    pub fn into_string(self) -> String {
        let Document { title, style, head, body } = self;
        let document = html! {
            (DOCTYPE)
            html lang=(Language::here().tag()) {
                head {
                    meta charset="utf-8";
                    meta name="color-scheme" content="light dark";
                    meta name="viewport" content="width=device-width,initial-scale=1";
                    (head)
                    title { (invisible::escaped(title)) }
                    style { (PreEscaped(style)) }
                }
                body { (visible(body)) }
            }
        };
        document.into_string()
    }
}

/// Characters that cannot be seen become escapes, wherever a page got them from, and an apostrophe is never bare.
/// maud has escaped before what could become markup.
fn visible(body: Markup) -> Markup {
    PreEscaped(invisible::escaped_lines(&body.into_string()).replace('\'', "&#39;"))
}

/// Adds the headers of every answer to a browser.
pub async fn with_headers(mut response: Response) -> Response {
    for (name, value) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // An address has the number of an order or a trade in it, which other sites shall not learn. With
        // "no-referrer" a browser would not say either that a form comes from here.
        (REFERRER_POLICY, "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The row of a fact: its name and its value; nothing where the value is empty.
pub fn fact(name: &str, value: impl Render) -> Markup {
    let value = value.render();
    html! { @if !value.0.is_empty() { tr { th { (name) } td { (value) } } } }
}

/// A hidden field of a form.
pub fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

/// A column of a table and its heading in Chinese and English.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    chinese: &'static str,
    english: &'static str,
    is_number: bool,
}

impl Column {
    /// Of texts, times and tags.
    pub const fn text(chinese: &'static str, english: &'static str) -> Column {
        Column { chinese, english, is_number: false }
    }

    /// Of numbers and amounts.
    pub const fn number(chinese: &'static str, english: &'static str) -> Column {
        Column { chinese, english, is_number: true }
    }

    /// Without a heading.
    pub const NAMELESS: Column = Column::text("", "");

    fn heading(self) -> &'static str {
        say(self.chinese, self.english)
    }

    /// A cell of the column. On a phone there is no room for headings: a number has its heading beside it there,
    /// which an empty cell does not need.
    pub fn cell(self, value: impl ToString) -> Markup {
        let value = value.to_string();
        let class = self.is_number.then_some("n");
        let label = (self.is_number && !value.is_empty()).then(|| self.heading());
        html! { td class=[class] data-label=[label] { (value) } }
    }
}

/// A table with a heading over each column; each row is a `<tr>`.
pub fn list(
    columns: impl IntoIterator<Item = Column>,
    rows: impl IntoIterator<Item = Markup>,
) -> Markup {
    html! {
        table.list {
            thead { tr {
                @for column in columns {
                    th class=[column.is_number.then_some("n")] { (column.heading()) }
                }
            } }
            tbody { @for row in rows { (row) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use maud::{PreEscaped, html};

    use super::{Column, Document, fact};

    #[test]
    fn text_is_escaped_everywhere() {
        let text = "<script>'\u{1b}\u{202e}";
        let document = Document {
            title: text,
            style: "p{content:'>'}",
            head: PreEscaped(String::new()),
            body: html! { a href="/x?a=1&b=\"" { (text) "\n" } },
        };
        let page = document.into_string();
        let link = "<a href=\"/x?a=1&amp;b=&quot;\">&lt;script&gt;&#39;\\u{1b}\\u{202e}\n</a>";
        assert!(page.contains(link), "{page}");
        assert!(page.contains("<title>&lt;script&gt;'\\u{1b}\\u{202e}</title>"), "{page}");
        assert!(page.contains("<style>p{content:'>'}</style>"), "{page}");
    }

    #[test]
    fn a_number_names_its_column_and_a_missing_fact_has_no_row() {
        let price = Column::number("单价", "Price");
        let cell = "<td class=\"n\" data-label=\"Price\">1.00</td>";
        assert_eq!(price.cell("1.00").into_string(), cell);
        assert_eq!(price.cell("").into_string(), "<td class=\"n\"></td>");
        assert_eq!(fact("Order", "").into_string(), "");
        assert_eq!(fact("Order", "<").into_string(), "<tr><th>Order</th><td>&lt;</td></tr>");
    }
}

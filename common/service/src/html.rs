//! HTML that is put together so that text is always escaped: for the pages of the console and of the
//! simulator.

use crate::unseen::is_unseen;

/// A piece of HTML. Markup is written into the program; everything else goes through [`Html::text`].
#[derive(Debug, Clone, Default)]
pub struct Html(String);

impl Html {
    /// Nothing yet.
    pub fn new() -> Html {
        Html::default()
    }

    /// Markup as it stands in the program.
    #[must_use]
    pub fn raw(mut self, markup: &'static str) -> Html {
        self.0.push_str(markup);
        self
    }

    /// Text, also inside a quoted attribute. Control characters are shown, not sent.
    #[must_use]
    pub fn text(mut self, text: &str) -> Html {
        for character in text.chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                '\n' | '\t' => self.0.push(character),
                other if is_unseen(other) => self.0.extend(other.escape_default()),
                other => self.0.push(other),
            }
        }
        self
    }

    /// A number or a time.
    #[must_use]
    pub fn shown(self, value: impl ToString) -> Html {
        self.text(&value.to_string())
    }

    /// Another piece.
    #[must_use]
    pub fn html(mut self, other: Html) -> Html {
        self.0.push_str(&other.0);
        self
    }

    /// All pieces.
    #[must_use]
    pub fn all(self, pieces: impl IntoIterator<Item = Html>) -> Html {
        pieces.into_iter().fold(self, Html::html)
    }

    /// `<a>` to an address of the same server.
    #[must_use]
    pub fn link(self, address: &str, text: &str) -> Html {
        self.raw("<a href=\"").text(address).raw("\">").text(text).raw("</a>")
    }

    /// `<td>` with text.
    #[must_use]
    pub fn cell(self, text: &str) -> Html {
        self.raw("<td>").text(text).raw("</td>")
    }

    /// `<td>` with a number.
    #[must_use]
    pub fn number(self, value: impl ToString) -> Html {
        self.raw("<td class=\"n\">").text(&value.to_string()).raw("</td>")
    }

    /// `<td>` with another piece.
    #[must_use]
    pub fn cell_of(self, piece: Html) -> Html {
        self.raw("<td>").html(piece).raw("</td>")
    }

    /// `<tr>` of a name and a value; nothing where there is no value.
    #[must_use]
    pub fn row(self, name: &'static str, value: &str) -> Html {
        if value.is_empty() { self } else { self.row_of(name, Html::new().text(value)) }
    }

    /// `<tr>` of a name and another piece.
    #[must_use]
    pub fn row_of(self, name: &'static str, value: Html) -> Html {
        self.raw("<tr><th>").raw(name).raw("</th><td>").html(value).raw("</td></tr>\n")
    }

    /// `<input type="hidden">`.
    #[must_use]
    pub fn hidden(self, name: &str, value: &str) -> Html {
        let input = self.raw("<input type=\"hidden\" name=\"").text(name);
        input.raw("\" value=\"").text(value).raw("\">")
    }

    /// The markup.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Html;

    #[test]
    fn text_is_escaped_everywhere() {
        let html = Html::new().link("/x?a=1&b=\"", "<script>'\u{1b}\u{202e}");
        assert_eq!(
            html.into_string(),
            "<a href=\"/x?a=1&amp;b=&quot;\">&lt;script&gt;&#39;\\u{1b}\\u{202e}</a>"
        );
    }
}

//! HTML that is put together so that text is always escaped.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// A piece of HTML. Markup is written into the program; everything else goes through [`Html::text`].
#[derive(Debug, Clone, Default)]
pub(super) struct Html(String);

impl Html {
    pub(super) fn new() -> Html {
        Html::default()
    }

    /// Markup as it stands in the program.
    #[must_use]
    pub(super) fn raw(mut self, markup: &'static str) -> Html {
        self.0.push_str(markup);
        self
    }

    /// Text, also inside a quoted attribute. Control characters are shown, not sent.
    #[must_use]
    pub(super) fn text(mut self, text: &str) -> Html {
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
    pub(super) fn shown(self, value: impl ToString) -> Html {
        self.text(&value.to_string())
    }

    /// Another piece.
    #[must_use]
    pub(super) fn html(mut self, other: Html) -> Html {
        self.0.push_str(&other.0);
        self
    }

    /// All pieces.
    #[must_use]
    pub(super) fn all(self, pieces: impl IntoIterator<Item = Html>) -> Html {
        pieces.into_iter().fold(self, Html::html)
    }

    /// `<a>` to an address of this server, see [`address`].
    #[must_use]
    pub(super) fn link(self, address: &str, text: &str) -> Html {
        self.raw("<a href=\"").text(address).raw("\">").text(text).raw("</a>")
    }

    /// `<td>` with text.
    #[must_use]
    pub(super) fn cell(self, text: &str) -> Html {
        self.raw("<td>").text(text).raw("</td>")
    }

    /// `<td>` with a number.
    #[must_use]
    pub(super) fn number(self, value: impl ToString) -> Html {
        self.raw("<td class=\"n\">").text(&value.to_string()).raw("</td>")
    }

    /// `<td>` with another piece.
    #[must_use]
    pub(super) fn cell_of(self, piece: Html) -> Html {
        self.raw("<td>").html(piece).raw("</td>")
    }

    /// `<tr>` of a name and a value; nothing where there is no value.
    #[must_use]
    pub(super) fn row(self, name: &'static str, value: &str) -> Html {
        if value.is_empty() { self } else { self.row_of(name, Html::new().text(value)) }
    }

    /// `<tr>` of a name and another piece.
    #[must_use]
    pub(super) fn row_of(self, name: &'static str, value: Html) -> Html {
        self.raw("<tr><th>").raw(name).raw("</th><td>").html(value).raw("</td></tr>\n")
    }

    /// `<input type="hidden">`.
    #[must_use]
    pub(super) fn hidden(self, name: &str, value: &str) -> Html {
        let input = self.raw("<input type=\"hidden\" name=\"").text(name);
        input.raw("\" value=\"").text(value).raw("\">")
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// Control characters, and those that turn the direction of a line around.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The address of a page about one thing: `/orders/` and its id, encoded.
pub(super) fn address(folder: &str, id: &str) -> String {
    format!("{folder}{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

/// The address of a listing with these filters; empty ones are left out.
pub(super) fn listing(path: &str, filters: &[(&str, &str)]) -> String {
    let mut address = path.to_owned();
    let given = filters.iter().filter(|(_, value)| !value.is_empty());
    for (at, (name, value)) in given.enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        address.push_str(name);
        address.push('=');
        address.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    address
}

#[cfg(test)]
mod tests {
    use super::{Html, address, listing};

    #[test]
    fn text_is_escaped_everywhere() {
        let html = Html::new().link("/x?a=1&b=\"", "<script>'\u{1b}\u{202e}");
        assert_eq!(
            html.into_string(),
            "<a href=\"/x?a=1&amp;b=&quot;\">&lt;script&gt;&#39;\\u{1b}\\u{202e}</a>"
        );
    }

    #[test]
    fn addresses_are_encoded() {
        assert_eq!(address("/orders/", "A/1?单"), "/orders/A%2F1%3F%E5%8D%95");
        assert_eq!(
            listing("/orders", &[("q", ""), ("status", "8"), ("x", "&")]),
            "/orders?status=8&x=%26"
        );
    }
}

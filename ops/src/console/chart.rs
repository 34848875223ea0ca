//! A bar chart, drawn as SVG on the server: no script, and colours by the style sheet.

use maud::{Markup, html};

/// Units of the drawing; the page makes it as wide as there is room.
const WIDTH: usize = 720;
const HEIGHT: i64 = 80;

/// One bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bar {
    /// What it stands for, shown beside the pointer.
    pub(super) title: String,
    pub(super) value: i64,
}

/// The bars from left to right. `label` says what they count, `from` and `to` what the first and the last stand for.
pub(super) fn bars(label: &str, bars: &[Bar], from: &str, to: &str) -> Markup {
    let Some(highest) = bars.iter().map(|bar| bar.value).max().filter(|highest| *highest > 0)
    else {
        return html! {};
    };
    let width = WIDTH / bars.len().max(1);
    html! {
        figure.chart {
            figcaption { (label) span.soft { (from) " – " (to) ", max " (highest) } }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(label) preserveAspectRatio="none" {
                @for (at, bar) in bars.iter().enumerate().filter(|(_, bar)| bar.value > 0) {
                    @let height = (bar.value * HEIGHT / highest).max(1);
                    rect x=(at * width) y=(HEIGHT - height) width=(width.saturating_sub(1).max(1)) height=(height) {
                        title { (bar.title) ": " (bar.value) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, bars};

    #[test]
    fn a_bar_is_as_high_as_its_part_of_the_highest() {
        let bar = |title: &str, value| Bar { title: title.to_owned(), value };
        let drawn =
            bars("deaths", &[bar("<a>", 4), bar("b", 0), bar("c", 1)], "a", "c").into_string();
        assert!(
            drawn.contains(r#"<rect x="0" y="0" width="239" height="80"><title>&lt;a&gt;: 4"#),
            "{drawn}"
        );
        assert!(
            drawn.contains(r#"<rect x="480" y="60" width="239" height="20"><title>c: 1"#),
            "{drawn}"
        );
        assert_eq!(drawn.matches("<rect").count(), 2);
        assert_eq!(bars("deaths", &[bar("a", 0)], "a", "a").into_string(), "");
        assert_eq!(bars("deaths", &[], "", "").into_string(), "");
    }
}

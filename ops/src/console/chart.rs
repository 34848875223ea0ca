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
    /// `None` is what is not known.
    pub(super) value: Option<i64>,
}

/// The bars from left to right; nothing where none is above zero. `label` says what they count, `from` and `to` what the first
/// and the last stand for.
pub(super) fn bars(label: &str, bars: &[Bar], from: &str, to: &str) -> Markup {
    match highest(bars) {
        0 => html! {},
        _ => drawing(None, label, bars, from, to),
    }
}

/// A chart that is always there, with this id: also of zeros, and of what is not known.
pub(super) fn series(id: &str, label: &str, bars: &[Bar], from: &str, to: &str) -> Markup {
    drawing(Some(id), label, bars, from, to)
}

fn highest(bars: &[Bar]) -> i64 {
    bars.iter().filter_map(|bar| bar.value).max().unwrap_or(0).max(0)
}

fn drawing(id: Option<&str>, label: &str, bars: &[Bar], from: &str, to: &str) -> Markup {
    let (highest, width) = (highest(bars), WIDTH / bars.len().max(1));
    let is_known = bars.iter().any(|bar| bar.value.is_some());
    let most = if is_known { highest.to_string() } else { "?".to_owned() };
    let described = format!("{label}: {from} – {to}, max {most}");
    html! {
        figure.chart id=[id.map(|id| format!("chart-{id}"))] {
            figcaption { (label) span.soft { (from) " – " (to) ", max " (most) } }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(described) preserveAspectRatio="none" {
                @for (at, bar) in bars.iter().enumerate() {
                    @match bar.value {
                        Some(..=0) => {}
                        Some(value) => {
                            // A number as large as a column holds must not overflow.
                            @let part = i128::from(value) * i128::from(HEIGHT) / i128::from(highest.max(1));
                            @let height = i64::try_from(part).unwrap_or(HEIGHT).max(1);
                            (rect(at, width, height, None, &format!("{}: {value}", bar.title)))
                        }
                        None => (rect(at, width, HEIGHT, Some("gap"), &format!("{}: ?", bar.title))),
                    }
                }
            }
        }
    }
}

fn rect(at: usize, width: usize, height: i64, class: Option<&str>, title: &str) -> Markup {
    html! {
        rect class=[class] x=(at * width) y=(HEIGHT - height) width=(width.saturating_sub(1).max(1)) height=(height) {
            title { (title) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bar, bars, series};

    #[test]
    fn a_bar_is_as_high_as_its_part_of_the_highest() {
        let bar = |title: &str, value| Bar { title: title.to_owned(), value: Some(value) };
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

    #[test]
    fn what_is_not_known_is_a_gap() {
        let bar = |value| Bar { title: "t".to_owned(), value };
        let drawn = series("x", "seen", &[bar(None), bar(Some(0)), bar(Some(i64::MAX))], "a", "c");
        let drawn = drawn.into_string();
        let gap = r#"<rect class="gap" x="0" y="0" width="239" height="80"><title>t: ?</title>"#;
        assert!(drawn.contains(gap) && drawn.contains(r#"id="chart-x""#), "{drawn}");
        assert_eq!(drawn.matches("<rect").count(), 2, "{drawn}");
        assert!(series("x", "seen", &[bar(None)], "a", "c").into_string().contains("max ?"));
    }
}

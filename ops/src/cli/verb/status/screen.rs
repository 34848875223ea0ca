//! One look on a terminal of a certain size: what is wrong first, and nothing scrolls.

use std::time::Duration;

use console::truncate_str;
use service::invisible;

use super::findings;
use crate::cli::terminal;
use crate::operations::overview::Overview;
use crate::plural::count;

/// Rows and columns of a terminal that does not report its size.
const USUAL: (usize, usize) = (24, 80);

/// Rows and columns of the terminal.
pub(super) fn size() -> (usize, usize) {
    terminal::size().unwrap_or(USUAL)
}

/// The lines of one look, none longer than the screen is wide, and no more than it has. The last one says what was
/// left out.
pub(super) fn page(
    overview: &Overview,
    every: Duration,
    (rows, columns): (usize, usize),
) -> Vec<String> {
    let heading = format!("{}  (every {} s, q ends)", overview.at, every.as_secs());
    let mut lines = vec![heading, findings::headline(&overview.verdict)];
    for finding in &overview.verdict.findings {
        let text = findings::finding(finding);
        lines.extend(text.lines().flat_map(|line| terminal::broken(line, columns)));
    }
    lines.push(String::new());
    let figures = overview.figures();
    lines.extend(invisible::escaped_lines(&figures).lines().map(str::to_owned));
    fit(lines, rows, columns)
}

fn fit(mut lines: Vec<String>, rows: usize, columns: usize) -> Vec<String> {
    if lines.len() > rows {
        let left_out = lines.len() + 1 - rows;
        lines.truncate(rows.saturating_sub(1));
        lines.push(format!(
            "… {}: enlarge the window, or run ops status",
            count(left_out, "more line")
        ));
    }
    lines.iter().map(|line| truncate_str(line, columns, "…").into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chrono::DateTime;
    use console::measure_text_width;
    use store::BeijingTime;

    use super::{fit, page};
    use crate::operations::overview::Overview;
    use crate::operations::verdict::NotAsked;

    #[test]
    fn what_does_not_fit_is_counted() {
        let lines: Vec<String> = (0..30).map(|n| format!("line {n}")).collect();
        let fitted = fit(lines.clone(), 24, 80);
        assert_eq!(fitted.len(), 24);
        assert_eq!(fitted[22], "line 22");
        assert!(fitted[23].starts_with("… 7 more lines"), "{}", fitted[23]);
        assert_eq!(fit(lines, 30, 80).len(), 30);
        assert_eq!(fit(vec!["已付款的订单".to_owned()], 1, 7), ["已付款…"]);
    }

    #[test]
    fn what_is_wrong_comes_first_and_nothing_is_wider_than_the_screen() {
        let at: DateTime<chrono::Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut overview = Overview::empty(BeijingTime(at));
        overview.not_asked.push(NotAsked::Database { why: "no answer within 5 s ".repeat(9) });
        overview.judge();
        for (rows, columns) in [(24, 80), (10, 40), (3, 20)] {
            let lines = page(&overview, Duration::from_secs(2), (rows, columns));
            assert!(lines.len() <= rows, "{lines:#?}");
            assert!(lines.iter().all(|line| measure_text_width(line) <= columns), "{lines:#?}");
            assert!(lines[1].contains("not everything cou"), "{lines:#?}");
        }
    }
}

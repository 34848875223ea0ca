//! The results as tables, and as a drawing for the README.

use std::fmt::Write;

use comfy_table::{CellAlignment, Table, presets};
use strum::VariantArray;

use crate::part::MeasuredPart;
use crate::results::{BenchResults, ScenarioSummary};
use crate::scenario::Quantiles;

/// Rates, core-time by part, latencies; then the ratios.
pub(crate) fn print(results: &BenchResults) -> String {
    let used: Vec<MeasuredPart> = MeasuredPart::VARIANTS
        .iter()
        .copied()
        .filter(|part| results.summaries.iter().any(|one| one.core_us.contains_key(part)))
        .collect();
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let mut head = vec!["".to_owned(), "a second".to_owned(), "least–most".to_owned()];
    head.extend(used.iter().map(|part| part.name().to_owned()));
    head.extend(["core-µs", "answer p50/p99 ms", "row p50/p99 ms"].map(str::to_owned));
    let columns = head.len();
    table.set_header(head);
    for one in &results.summaries {
        let mut row = vec![
            one.scenario.name().to_owned(),
            format!("{:.0}", one.rate.median),
            format!("{:.0}–{:.0}", one.rate.least, one.rate.most),
        ];
        row.extend(
            used.iter()
                .map(|part| one.core_us.get(part).map_or(String::new(), |us| format!("{us:.0}"))),
        );
        row.push(format!("{:.0}", one.core_total()));
        row.push(one.answer_us.map_or(String::new(), milliseconds));
        row.push(one.row_us.map_or(String::new(), milliseconds));
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1).take(columns) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut ratios = Table::new();
    ratios.load_style(presets::UTF8_HORIZONTAL_ONLY);
    ratios.set_header(["", "measured", "target", ""]);
    for ratio in &results.ratios {
        let sign = if ratio.above { "≥" } else { "≤" };
        let met = if ratio.is_met() { "met" } else { "missed" };
        ratios.add_row([
            ratio.name.to_owned(),
            format!("{:.2}", ratio.value),
            format!("{sign} {}", ratio.target),
            met.to_owned(),
        ]);
    }
    format!("{table}\n\n{ratios}")
}

fn milliseconds(quantiles: Quantiles) -> String {
    format!("{:.1}/{:.1}", quantiles.p50 as f64 / 1000.0, quantiles.p99 as f64 / 1000.0)
}

/// Bars of the rates, as SVG that is readable on a light and on a dark page.
pub(crate) fn svg(results: &BenchResults) -> String {
    let (line, left, width) = (26, 190, 420.0);
    let most = results.summaries.iter().map(|one| one.rate.median).fold(1.0, f64::max);
    let height = 30 + line * results.summaries.len();
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 700 {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <style>text{{fill:#24292f}}@media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}}}</style>\n\
         <text x=\"0\" y=\"14\">notifications a second, medians of {} rounds on {} cores</text>\n",
        results.rounds, results.cores
    );
    for (place, one) in results.summaries.iter().enumerate() {
        let y = 28 + line * place;
        let length = (one.rate.median / most * width).max(1.0);
        // Writing into a text does not fail.
        let _ = writeln!(
            svg,
            "<text x=\"0\" y=\"{}\">{}</text><rect x=\"{left}\" y=\"{y}\" width=\"{length:.0}\" height=\"18\" rx=\"2\" \
             fill=\"{}\"/><text x=\"{:.0}\" y=\"{}\">{:.0}</text>",
            y + 14,
            one.scenario.name().replace('_', " "),
            colour(one),
            f64::from(left) + length + 6.0,
            y + 14,
            one.rate.median
        );
    }
    svg + "</svg>\n"
}

/// Ceilings grey, others' handlers orange, ours blue.
fn colour(summary: &ScenarioSummary) -> &'static str {
    let parts = &summary.core_us;
    if parts.contains_key(&MeasuredPart::Php) || parts.contains_key(&MeasuredPart::Node) {
        "#d4843e"
    } else if parts.contains_key(&MeasuredPart::Ingress)
        || parts.contains_key(&MeasuredPart::Worker)
    {
        "#1677ff"
    } else {
        "#8c959f"
    }
}

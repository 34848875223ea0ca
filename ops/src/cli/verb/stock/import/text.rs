//! What an import did, or would do, for a person.

use crate::cli::output::plain;
use crate::operations::stock::import::{LISTED, StockImported};
use crate::operations::stock::odd_lines::OddLine;
use crate::plural::{count, verb};

pub(super) fn text(result: &StockImported) -> String {
    let mut text = if result.dry_run {
        format!("would import {}, already there {}\n", result.new_codes, result.already_there)
    } else {
        format!("imported {}, already there {}\n", result.imported, result.already_there)
    };
    if result.repeated_lines > 0 {
        let numbers = &result.repeated_line_numbers;
        let numbers = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let more = if result.repeated_lines > LISTED { ", ..." } else { "" };
        text.push_str(&format!(
            "{} {} an earlier line of the file: {numbers}{more}\n",
            count(result.repeated_lines, "line"),
            verb(result.repeated_lines, "repeats", "repeat")
        ));
    }
    if result.cleaned_lines > 0 {
        let lines = result.cleaned_lines;
        text.push_str(&format!(
            "invisible characters were removed from {}\n",
            count(lines, "line")
        ));
    }
    for code in &result.already_there_codes {
        text.push_str(&format!("already there: {}\n", plain(code)));
    }
    text.push_str(&more(result.already_there, result.already_there_codes.len()));
    for other in &result.in_other_products_codes {
        let (code, product) = (plain(&other.code), plain(&other.product_id));
        text.push_str(&format!("line {}: product {product} has it, too: {code}\n", other.line));
    }
    text.push_str(&more(result.in_other_products, result.in_other_products_codes.len()));
    text.extend(result.odd.iter().map(odd_text));
    text.push_str(&more(result.odd_lines, result.odd.len()));
    text
}
pub(super) fn odd_text(odd: &OddLine) -> String {
    format!("line {}: {}: {}\n", odd.line, odd.why, plain(&odd.text))
}

fn more(all: usize, listed: usize) -> String {
    match all.saturating_sub(listed) {
        0 => String::new(),
        more => format!("and {more} more\n"),
    }
}

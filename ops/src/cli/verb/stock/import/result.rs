//! What an import did, or would do.

use std::collections::HashMap;

use serde::Serialize;

use crate::cli::output::plain;
use crate::operations::stock::code_file::CodeFile;
use crate::operations::stock::intake::KnownCodes;
use crate::operations::stock::odd_lines::OddLine;
use crate::plural::{count, verb};

/// Of each kind of lines so many are listed.
pub(super) const LISTED: usize = 10;

#[derive(Serialize)]
pub(super) struct StockImportResult<'a> {
    product_id: &'a str,
    /// Whether nothing was written.
    dry_run: bool,
    /// Codes of the file that the product did not have.
    new_codes: usize,
    pub(super) imported: usize,
    /// Codes of the file that the product had before.
    pub(super) already_there: usize,
    /// Lines that repeat an earlier line of the file.
    repeated_lines: usize,
    /// The first of them, from 1.
    repeated_line_numbers: Vec<usize>,
    blank_lines: usize,
    /// Lines of which something invisible was removed.
    cleaned_lines: usize,
    /// The first of the codes that were there.
    already_there_codes: Vec<String>,
    /// Codes that other products have, too.
    in_other_products: usize,
    /// The first of them.
    in_other_products_codes: Vec<CodeElsewhere>,
    /// Lines that look like no code.
    odd_lines: usize,
    /// The first of them.
    odd: Vec<OddLine>,
}

#[derive(Serialize)]
struct CodeElsewhere {
    /// From 1.
    line: usize,
    code: String,
    product_id: String,
}

impl<'a> StockImportResult<'a> {
    pub(super) fn new(
        product_id: &'a str,
        dry_run: bool,
        file: &CodeFile<'_>,
        known: &KnownCodes,
        odd: &[OddLine],
    ) -> StockImportResult<'a> {
        let lines: HashMap<&str, usize> =
            file.codes.iter().map(|line| (&*line.code, line.line)).collect();
        let others = known.elsewhere.iter().take(LISTED).map(|other| CodeElsewhere {
            line: lines.get(other.code.as_str()).copied().unwrap_or_default(),
            code: other.code.clone(),
            product_id: other.product_id.clone(),
        });
        StockImportResult {
            product_id,
            dry_run,
            new_codes: file.codes.len().saturating_sub(known.here.len()),
            imported: 0,
            already_there: known.here.len(),
            repeated_lines: file.repeats.len(),
            repeated_line_numbers: file.repeats.iter().take(LISTED).copied().collect(),
            blank_lines: file.blank,
            cleaned_lines: file.cleaned,
            already_there_codes: known.here.iter().take(LISTED).cloned().collect(),
            in_other_products: known.elsewhere.len(),
            in_other_products_codes: others.collect(),
            odd_lines: odd.len(),
            odd: odd.iter().take(LISTED).cloned().collect(),
        }
    }

    pub(super) fn text(&self) -> String {
        let mut text = if self.dry_run {
            format!("would import {}, already there {}\n", self.new_codes, self.already_there)
        } else {
            format!("imported {}, already there {}\n", self.imported, self.already_there)
        };
        if self.repeated_lines > 0 {
            let numbers = &self.repeated_line_numbers;
            let numbers = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            let more = if self.repeated_lines > LISTED { ", ..." } else { "" };
            text.push_str(&format!(
                "{} {} an earlier line of the file: {numbers}{more}\n",
                count(self.repeated_lines, "line"),
                verb(self.repeated_lines, "repeats", "repeat")
            ));
        }
        if self.cleaned_lines > 0 {
            let lines = self.cleaned_lines;
            text.push_str(&format!(
                "invisible characters were removed from {}\n",
                count(lines, "line")
            ));
        }
        for code in &self.already_there_codes {
            text.push_str(&format!("already there: {}\n", plain(code)));
        }
        text.push_str(&more(self.already_there, self.already_there_codes.len()));
        for other in &self.in_other_products_codes {
            let (code, product) = (plain(&other.code), plain(&other.product_id));
            text.push_str(&format!("line {}: product {product} has it, too: {code}\n", other.line));
        }
        text.push_str(&more(self.in_other_products, self.in_other_products_codes.len()));
        text.extend(self.odd.iter().map(odd_text));
        text.push_str(&more(self.odd_lines, self.odd.len()));
        text
    }
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

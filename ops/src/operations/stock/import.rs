//! An import of codes: what a file would add to the stock of a product, what speaks against that, and the import itself.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use store::MysqlConnection;

use super::code_file::{CodeFile, CodeLine};
use super::intake::{self, KnownCodes};
use super::odd_lines::{OddLine, odd_lines};
use crate::failure::Failure;
use crate::operations::product;

/// Of each kind of lines so many are listed.
pub(crate) const LISTED: usize = 10;

/// A file of codes, compared with the stock.
pub(crate) struct StockImport<'a> {
    product_id: &'a str,
    file: &'a CodeFile<'a>,
    also_in_other_products: bool,
    known: KnownCodes,
    /// Lines that look like no code, among those that would be imported: what is in the stock has been looked at before.
    odd: Vec<OddLine>,
}

/// What an import did, or would do.
#[derive(Serialize)]
pub(crate) struct StockImported {
    product_id: String,
    /// Whether nothing was written.
    pub(crate) dry_run: bool,
    /// Codes of the file that the product did not have.
    pub(crate) new_codes: usize,
    pub(crate) imported: usize,
    /// Codes of the file that the product had before.
    pub(crate) already_there: usize,
    /// Lines that repeat an earlier line of the file.
    pub(crate) repeated_lines: usize,
    /// The first of them, from 1.
    pub(crate) repeated_line_numbers: Vec<usize>,
    blank_lines: usize,
    /// Lines of which something invisible was removed.
    pub(crate) cleaned_lines: usize,
    /// The first of the codes that were there.
    pub(crate) already_there_codes: Vec<String>,
    /// Codes that other products have, too.
    pub(crate) in_other_products: usize,
    /// The first of them.
    pub(crate) in_other_products_codes: Vec<CodeElsewhere>,
    /// Lines that look like no code.
    pub(crate) odd_lines: usize,
    /// The first of them.
    pub(crate) odd: Vec<OddLine>,
}

/// A code that another product has.
#[derive(Serialize)]
pub(crate) struct CodeElsewhere {
    /// From 1.
    pub(crate) line: usize,
    pub(crate) code: String,
    pub(crate) product_id: String,
}

impl<'a> StockImport<'a> {
    /// Compares a file with the stock.
    pub(crate) fn compare(
        connection: &mut MysqlConnection,
        product_id: &'a str,
        file: &'a CodeFile<'a>,
        also_in_other_products: bool,
    ) -> Result<StockImport<'a>, Failure> {
        product::check_has_codes(&product::find(connection, product_id)?)?;
        let known = KnownCodes::look(connection, product_id, &codes(file))?;
        let odd = odd_new_lines(&file.codes, &known);
        Ok(StockImport { product_id, file, also_in_other_products, known, odd })
    }

    /// Refuses codes that could be sold twice, and lines that look like no code, unless `accepts` takes these all the same.
    pub(crate) fn check(&self, accepts: impl FnOnce(&[OddLine]) -> bool) -> Result<(), Failure> {
        self.check_elsewhere()?;
        if self.odd.is_empty() || accepts(&self.odd) {
            return Ok(());
        }
        Err(Failure::Refused(format!(
            "nothing was imported: {}; remove what is no code, or use --yes",
            looks(&self.odd)
        )))
    }

    fn check_elsewhere(&self) -> Result<(), Failure> {
        let Some(first) = self.known.elsewhere.first() else { return Ok(()) };
        if self.also_in_other_products {
            return Ok(());
        }
        Err(Failure::Refused(format!(
            "nothing was imported: product {} or others have {} of these codes already, and each would be sold twice; take \
             them out of the file, or say --also-in-other-products",
            first.product_id,
            self.known.elsewhere.len()
        )))
    }

    /// What is known before anything is written.
    pub(crate) fn preview(&self, dry_run: bool) -> StockImported {
        let (file, known, odd) = (self.file, &self.known, &self.odd);
        let lines: HashMap<&str, usize> =
            file.codes.iter().map(|line| (&*line.code, line.line)).collect();
        let others = known.elsewhere.iter().take(LISTED).map(|other| CodeElsewhere {
            line: lines.get(other.code.as_str()).copied().unwrap_or_default(),
            code: other.code.clone(),
            product_id: other.product_id.clone(),
        });
        StockImported {
            product_id: self.product_id.to_owned(),
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

    /// Imports all codes or none, one import at a time.
    pub(crate) fn run(
        mut self,
        connection: &mut MysqlConnection,
    ) -> Result<StockImported, Failure> {
        let result = self.preview(false);
        let codes = codes(self.file);
        intake::lock(connection)?;
        // Another import may have ended since.
        self.known = KnownCodes::look(connection, self.product_id, &codes)?;
        self.check_elsewhere()?;
        let imported = intake::add(connection, self.product_id, &codes, |_| Ok(()));
        let imported = imported.map_err(|failure: Failure| {
            failure.reworded(|text| format!("{text}\nnothing was imported; run it again"))
        })?;
        Ok(StockImported { imported, already_there: codes.len() - imported, ..result })
    }
}

/// How many lines look like no code, in words.
pub(crate) fn looks(odd: &[OddLine]) -> String {
    match odd.len() {
        1 => "1 line looks like no code".to_owned(),
        count => format!("{count} lines look like no codes"),
    }
}

fn codes<'a>(file: &'a CodeFile<'_>) -> Vec<&'a str> {
    file.codes.iter().map(|line| &*line.code).collect()
}

fn odd_new_lines(lines: &[CodeLine<'_>], known: &KnownCodes) -> Vec<OddLine> {
    let here: HashSet<&str> = known.here.iter().map(String::as_str).collect();
    let there: HashSet<usize> =
        lines.iter().filter(|line| here.contains(&*line.code)).map(|line| line.line).collect();
    odd_lines(lines).into_iter().filter(|odd| !there.contains(&odd.line)).collect()
}

//! `ops stock import`

use std::path::PathBuf;

use clap::Args;
use diesel::Connection as _;
use indicatif::{ProgressBar, ProgressStyle};
use order::ProductKind;
use serde::Serialize;
use store::{Connection, product, stock_item};

use super::code_file::CodeFile;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::plain;
use crate::verb::read_file;

/// Codes in one transaction.
const CHUNK: usize = 2_000;

/// Codes that were there already are listed up to this many.
const LISTED: usize = 10;

/// Import codes from a file, one a line
///
/// Every line is one code, UTF-8; blank lines are skipped, spaces around a code are cut off. A code that
/// the product has already is reported and not imported twice, so an import can be repeated after an
/// interruption. A file with a line that is no code is refused as a whole, before anything is written.
/// Orders that wait for stock are delivered by the worker as soon as the codes are there.
///
/// Example: ops stock import gift-100 --file codes.txt
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Import {
    /// The product, of kind stock
    product_id: String,
    /// The file; - is stdin
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
}

#[derive(Serialize)]
struct Imported<'a> {
    product_id: &'a str,
    imported: usize,
    /// Codes of the file that the product had before.
    already_there: usize,
    /// Lines that repeat an earlier line of the file.
    repeated_lines: usize,
    /// The first of them, from 1.
    repeated_line_numbers: Vec<usize>,
    blank_lines: usize,
    /// The first of the codes that were there.
    already_there_codes: Vec<String>,
}

impl Import {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let bytes = read_file(&self.file)?;
        let file = CodeFile::read(&bytes).map_err(|problems| {
            Failure::Usage(format!("{}: nothing was imported\n{problems}", self.file.display()))
        })?;
        let mut connection = context.database()?;
        self.check_product(&mut connection)?;

        let mut result = Imported {
            product_id: &self.product_id,
            imported: 0,
            already_there: 0,
            repeated_lines: file.repeats.len(),
            repeated_line_numbers: file.repeats.iter().take(LISTED).copied().collect(),
            blank_lines: file.blank,
            already_there_codes: Vec::new(),
        };
        let progress = progress(file.codes.len());
        for chunk in file.codes.chunks(CHUNK) {
            self.import(&mut connection, chunk, &mut result).map_err(|failure| {
                let done = result.imported;
                let told = format!("{failure}\n{done} codes were imported before; run it again");
                match failure {
                    Failure::No(_) => Failure::No(told),
                    Failure::Usage(_) => Failure::Usage(told),
                    Failure::CouldNotAsk(_) => Failure::CouldNotAsk(told),
                }
            })?;
            progress.inc(chunk.len() as u64);
        }
        progress.finish_and_clear();
        context.output.print(&result, || text(&result))
    }

    fn check_product(&self, connection: &mut Connection) -> Result<(), Failure> {
        match product::by_ids(connection, &[&self.product_id])?.first() {
            None => Err(Failure::No(format!("there is no product {}", self.product_id))),
            Some(product) if product.kind != ProductKind::Stock => {
                let kind = product.kind.as_str();
                Err(Failure::No(format!("product {} is of kind {kind}: no codes", self.product_id)))
            }
            Some(_) => Ok(()),
        }
    }

    fn import(
        &self,
        connection: &mut Connection,
        chunk: &[&str],
        result: &mut Imported<'_>,
    ) -> Result<(), Failure> {
        let (there, new) = connection.transaction(|connection| {
            let there = stock_item::existing(connection, &self.product_id, chunk)?;
            let new = stock_item::import(connection, &self.product_id, chunk)?;
            Ok::<_, Failure>((there, new))
        })?;
        result.imported += new;
        result.already_there += chunk.len() - new;
        let room = LISTED.saturating_sub(result.already_there_codes.len());
        result.already_there_codes.extend(there.into_iter().take(room));
        Ok(())
    }
}

/// A bar on stderr, when that is a terminal.
fn progress(codes: usize) -> ProgressBar {
    let bar = ProgressBar::new(codes as u64);
    match ProgressStyle::with_template("{bar:40} {pos}/{len} codes, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn text(result: &Imported<'_>) -> String {
    let mut text =
        format!("imported {}, already there {}\n", result.imported, result.already_there);
    if result.repeated_lines > 0 {
        let numbers = &result.repeated_line_numbers;
        let numbers = numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        let more = if result.repeated_lines > LISTED { ", ..." } else { "" };
        text.push_str(&format!(
            "{} lines repeat an earlier line of the file: {numbers}{more}\n",
            result.repeated_lines
        ));
    }
    for code in &result.already_there_codes {
        text.push_str(&format!("already there: {}\n", plain(code)));
    }
    let untold = result.already_there.saturating_sub(result.already_there_codes.len());
    if untold > 0 {
        text.push_str(&format!("and {untold} more\n"));
    }
    text
}

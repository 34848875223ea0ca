//! `ops order import`

use std::collections::HashMap;
use std::path::PathBuf;

use chrono::Utc;
use clap::Args;
use serde::Serialize;
use store::product;

use crate::cli::context::Context;
use crate::cli::verb::read_file;
use crate::failure::Failure;
use crate::operations::order::import::{self, ImportCounts};
use crate::operations::order::import_file::{Catalogue, OrderFile};
use crate::progress;

/// Import orders of an old system, with the time they were made and what was done already
///
/// A CSV file in UTF-8. Its first line names the columns:
///   id, merchant, product, total, created_at, delivered    must be there
///   quantity, account, subject                             may be there (1, none, the product's name)
/// total is in yuan. created_at is when the old system took the order: a Beijing time (2026-05-10 10:00:00) or
/// RFC 3339 (2026-05-10T02:00:00Z). delivered is yes where the old system has delivered the goods, which
/// this one then never does, else no. Payments are not imported: Alipay's next message tells them, or
/// `ops query ORDER --apply`, or `ops reconcile`.
///
/// All orders of the file are imported or none; every line that cannot be is named. The same file a second
/// time changes nothing. An order that is here already with a later time gets the time of the file, and the
/// word that its goods are delivered where nothing was done with them here; one that differs in anything else
/// ends the import with 1.
///
/// Example: ops order import old.csv --dry-run
/// Example: mysql old -B -e 'SELECT ...' | to-csv | ops order import -
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OrderImportArgs {
    /// The file; - is stdin
    file: PathBuf,
    /// Check every line, also against the orders that are here, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Imported {
    orders: usize,
    #[serde(flatten)]
    counts: ImportCounts,
    dry_run: bool,
}

impl OrderImportArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let bytes = read_file(&self.file)?;
        let bad = |problem: String| {
            Failure::Usage(format!("{}: nothing was imported\n{problem}", self.file.display()))
        };
        let file = OrderFile::read(&bytes).map_err(bad)?;
        let mut connection = context.database()?;
        let products = product::by_ids(&mut connection, &file.products())?;
        let products: HashMap<String, product::Product> =
            products.into_iter().map(|product| (product.id.clone(), product)).collect();
        let merchants = context.config.merchants.keys().map(String::as_str).collect();
        let known = Catalogue { products, merchants, now: Utc::now() };
        let orders = file.orders(&known).map_err(bad)?;

        let progress = progress::bar(orders.len(), "orders");
        let counts = import::import(&mut connection, &orders, self.dry_run, |done| {
            progress.inc(done);
        });
        progress.finish_and_clear();
        let result = Imported { orders: orders.len(), counts: counts?, dry_run: self.dry_run };
        context.output.print(&result, || text(&result))
    }
}

fn text(result: &Imported) -> String {
    let ImportCounts { imported, corrected, unchanged } = result.counts;
    let would = if result.dry_run { "nothing was written; this would be: " } else { "" };
    format!("{would}imported {imported}, corrected {corrected}, unchanged {unchanged}\n")
}

//! `ops order import`

use std::path::PathBuf;

use clap::Args;
use order::OperatorAction;
use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::verb::read_file;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::order::import::{self, ImportCounts};
use crate::operations::order::import_file::{Catalogue, OrderFile};
use crate::plural::count;
use crate::progress;

/// Import orders of an old system, with their creation time and whether they were delivered
///
/// The file is CSV in UTF-8. Its first line names the columns:
///   id, merchant, product, total, created_at, delivered    required
///   quantity, account, subject                             optional (default: 1, none, the product's name)
/// total is in yuan. created_at is when the old system took the order: a Beijing time (2026-05-10 10:00:00) or
/// RFC 3339 (2026-05-10T02:00:00Z). delivered is `yes` if the old system has delivered the goods, so that this
/// one never does; otherwise `no`. Payments are not imported: they come with Alipay's next message, or with
/// `ops query ORDER --apply` or `ops reconcile`.
///
/// Either all orders of the file are imported or none; every invalid line is named. Importing the same file again
/// changes nothing. If an order already exists with a later time, it gets the time of the file; it is also marked
/// as delivered, if nothing was done with its goods here. If it differs in anything else, nothing is imported (1).
///
/// Example: ops order import old.csv --dry-run
/// Example: mysql old -B -e 'SELECT ...' | to-csv | ops order import -
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OrderImportArgs {
    /// The file; - is stdin
    file: PathBuf,
    /// Check every line, also against existing orders, and write nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct OrderImportResult {
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
        let known = Catalogue::of(&mut connection, &context.config, &file)?;
        let orders = file.orders(&known).map_err(bad)?;

        let progress = progress::bar(orders.len(), "orders");
        let act = Act::new(
            Actor::of_verb(None),
            OperatorAction::ImportOrders,
            count(orders.len(), "order"),
        );
        let counts = context.recorded_unless(self.dry_run, &act, |change| {
            let counts = import::import(&mut connection, &orders, self.dry_run, |done| {
                progress.inc(done);
            })?;
            change.to(counts);
            Ok(counts)
        });
        progress.finish_and_clear();
        let result =
            OrderImportResult { orders: orders.len(), counts: counts?, dry_run: self.dry_run };
        context.output.print(&result, || text(&result))
    }
}

fn text(result: &OrderImportResult) -> String {
    let ImportCounts { imported, corrected, unchanged } = result.counts;
    let would = if result.dry_run { "nothing was written; this would be: " } else { "" };
    format!("{would}imported {imported}, corrected {corrected}, unchanged {unchanged}\n")
}

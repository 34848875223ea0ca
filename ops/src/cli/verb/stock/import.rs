//! `ops stock import`

mod text;

use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use order::OperatorAction;
use serde_json::json;
use strum::VariantArray as _;

use crate::cli::context::Context;
use crate::cli::question::asked;
use crate::cli::verb::read_file;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::stock::code_file::CodeFile;
use crate::operations::stock::code_text::Invisible;
use crate::operations::stock::import::{LISTED, StockImport, looks};
use crate::operations::stock::odd_lines::OddLine;

/// Import codes from a file, one a line: all of them or none
///
/// Every line is one code in UTF-8, up to 8192 bytes. Lines end with LF, CRLF or CR; blank lines are skipped, spaces around
/// a code are removed, tabs and commas are part of it. Import a licence file of several lines as one line of base64.
///
/// The whole file is refused (2), with the line numbers, if it has another encoding or format, or lines with invisible
/// characters (zero width characters, a byte order mark inside, no-break spaces at the ends, control characters).
/// --invisible can accept these, except for control characters and line separators.
///
/// The import is refused (1) if another product has some of the codes, unless --also-in-other-products is given. It is also
/// refused if lines do not look like codes (a heading, an empty field, another length, a number that a spreadsheet has
/// shortened): on a terminal ops asks; otherwise --yes imports them.
///
/// A code that the product already has is reported and not imported twice. Workers deliver to orders that wait for stock as
/// soon as the codes are there.
///
/// Example: ops stock import gift-100 --file codes.txt --dry-run
/// Example: ops stock import gift-100 --file codes.txt --yes
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct StockImportArgs {
    /// The product, of kind stock
    product_id: String,
    /// The file; - is stdin
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Only report what would be imported and what looks odd; exits with 1 if an import would be refused
    #[arg(long)]
    dry_run: bool,
    /// Also import lines that do not look like codes, without asking
    #[arg(long)]
    yes: bool,
    /// Also import codes that another product has: they can be sold twice
    #[arg(long)]
    also_in_other_products: bool,
    /// What to do with invisible characters in a code
    #[arg(long, value_enum, default_value_t)]
    invisible: Invisible,
}

impl ValueEnum for Invisible {
    fn value_variants<'a>() -> &'a [Invisible] {
        Invisible::VARIANTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Invisible::Refuse => "The file is refused, and the lines are named",
            Invisible::Remove => "They are left out of the code",
            Invisible::Keep => "They are part of the code",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}

impl StockImportArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let bytes = read_file(&self.file)?;
        let file = CodeFile::read(&bytes, self.invisible).map_err(|problems| {
            Failure::Usage(format!("{}: nothing was imported\n{problems}", self.file.display()))
        })?;
        let act = Act::new(Actor::of_verb(None), OperatorAction::ImportCodes, &self.product_id);
        let (result, checked) = context.recorded_unless(self.dry_run, &act, |change| {
            let mut connection = context.database()?;
            let also_in_others = self.also_in_other_products;
            let import =
                StockImport::compare(&mut connection, &self.product_id, &file, also_in_others)?;
            let checked = import.check(|odd| self.yes || self.asked_about(odd));
            let result = match (&checked, self.dry_run) {
                (Err(_), _) | (Ok(()), true) => import.preview(self.dry_run),
                (Ok(()), false) => import.run(&mut connection)?,
            };
            change.to(json!({ "imported": result.imported }));
            change.ended(&checked);
            Ok((result, checked))
        })?;
        context.output.print(&result, || text::text(&result))?;
        checked
    }

    /// Whether the person at the terminal imports lines that look like no code.
    fn asked_about(&self, odd: &[OddLine]) -> bool {
        if self.dry_run || self.file == Path::new("-") {
            return false;
        }
        let shown: String = odd.iter().take(LISTED).map(text::odd_text).collect();
        let more = if odd.len() > LISTED { "...\n" } else { "" };
        let question = format!("{shown}{more}{}. Import them anyway?", looks(odd));
        asked(&question) == Some(true)
    }
}

//! `ops stock import`

mod result;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use self::result::StockImportResult;
use crate::cli::context::Context;
use crate::cli::question::asked;
use crate::cli::verb::read_file;
use crate::failure::Failure;
use crate::operations::product;
use crate::operations::stock::code_file::{CodeFile, CodeLine};
use crate::operations::stock::code_text::Invisible;
use crate::operations::stock::intake::{self, KnownCodes};
use crate::operations::stock::odd_lines::{OddLine, odd_lines};

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
        &[Invisible::Refuse, Invisible::Remove, Invisible::Keep]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let (word, help) = match self {
            Invisible::Refuse => ("refuse", "The file is refused, and the lines are named"),
            Invisible::Remove => ("remove", "They are left out of the code"),
            Invisible::Keep => ("keep", "They are part of the code"),
        };
        Some(PossibleValue::new(word).help(help))
    }
}

impl StockImportArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let bytes = read_file(&self.file)?;
        let file = CodeFile::read(&bytes, self.invisible).map_err(|problems| {
            Failure::Usage(format!("{}: nothing was imported\n{problems}", self.file.display()))
        })?;
        let codes: Vec<&str> = file.codes.iter().map(|line| &*line.code).collect();
        let mut connection = context.database()?;
        product::check_has_codes(&product::find(&mut connection, &self.product_id)?)?;

        let known = KnownCodes::look(&mut connection, &self.product_id, &codes)?;
        let odd = odd_new_lines(&file.codes, &known);
        let mut result =
            StockImportResult::new(&self.product_id, self.dry_run, &file, &known, &odd);
        if let Err(refused) = self.refused_elsewhere(&known).and_then(|()| self.refused_odd(&odd)) {
            context.output.print(&result, || result.text())?;
            return Err(refused);
        }
        if self.dry_run {
            return context.output.print(&result, || result.text());
        }

        intake::lock(&mut connection)?;
        // Another import may have ended since.
        let known = KnownCodes::look(&mut connection, &self.product_id, &codes)?;
        self.refused_elsewhere(&known)?;
        let imported = intake::add(&mut connection, &self.product_id, &codes, |_| Ok(()));
        result.imported = imported.map_err(|failure: Failure| {
            failure.reworded(|text| format!("{text}\nnothing was imported; run it again"))
        })?;
        result.already_there = codes.len() - result.imported;
        context.output.print(&result, || result.text())
    }

    fn refused_elsewhere(&self, known: &KnownCodes) -> Result<(), Failure> {
        let Some(first) = known.elsewhere.first() else { return Ok(()) };
        if self.also_in_other_products {
            return Ok(());
        }
        Err(Failure::Refused(format!(
            "nothing was imported: product {} or others have {} of these codes already, and each would be sold twice; take \
             them out of the file, or say --also-in-other-products",
            first.product_id,
            known.elsewhere.len()
        )))
    }

    fn refused_odd(&self, odd: &[OddLine]) -> Result<(), Failure> {
        if odd.is_empty() || self.yes {
            return Ok(());
        }
        let count = odd.len();
        let looks = match count {
            1 => "1 line looks like no code".to_owned(),
            count => format!("{count} lines look like no codes"),
        };
        if !self.dry_run && self.file != Path::new("-") {
            let shown: String = odd.iter().take(result::LISTED).map(result::odd_text).collect();
            let more = if count > result::LISTED { "...\n" } else { "" };
            let question = format!("{shown}{more}{looks}. Import them all the same?");
            if asked(&question) == Some(true) {
                return Ok(());
            }
        }
        Err(Failure::Refused(format!(
            "nothing was imported: {looks}; remove what is no code, or use --yes"
        )))
    }
}

/// The odd ones among the lines that would be imported: what is in the stock has been looked at before.
fn odd_new_lines(lines: &[CodeLine<'_>], known: &KnownCodes) -> Vec<OddLine> {
    let here: HashSet<&str> = known.here.iter().map(String::as_str).collect();
    let there: HashSet<usize> =
        lines.iter().filter(|line| here.contains(&*line.code)).map(|line| line.line).collect();
    odd_lines(lines).into_iter().filter(|odd| !there.contains(&odd.line)).collect()
}

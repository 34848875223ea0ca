//! `ops verify`

use std::path::PathBuf;

use clap::Args;
use tracing::{info, warn};

use crate::cli::verb::read_file;
use crate::context::Context;
use crate::failure::Failure;
use crate::operations::judgement::Judgement;

/// Judge a notification's signature and explain it
///
/// Ends with 0 when the signature is valid and with 1, and the reason, when it is not. Shows the text
/// that is signed, the rule, the algorithm and the key, and the charset by which workers read the values: where they are
/// not of that charset, it says what a worker does with it. Touches neither the broker nor the database.
/// Another seller or application than the merchant's is only a warning here; the ingress refuses it.
///
/// The file holds the body of the POST, or a query string: a leading ? and newlines at the end, which
/// editors add, are cut off and reported.
///
/// Example: ops verify --merchant shop --body-file body.txt
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Verify {
    /// Name of the merchant in the configuration
    #[arg(long)]
    merchant: String,
    /// The file with the form; - is stdin
    #[arg(long, value_name = "FILE")]
    body_file: PathBuf,
}

impl Verify {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let merchant = context.merchant(&self.merchant)?;
        let bytes = read_file(&self.body_file)?;
        let judgement = Judgement::of(&context.config, merchant, &bytes);
        for note in &judgement.notes {
            info!("{note}");
        }
        for warning in &judgement.warnings {
            warn!("{warning}");
        }
        context.output.print(&judgement, || judgement.text())?;
        match &judgement.error {
            None => Ok(()),
            Some(error) => Err(Failure::Refused(format!("the signature is not valid: {error}"))),
        }
    }
}

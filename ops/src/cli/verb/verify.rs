//! `ops verify`

use std::path::PathBuf;

use clap::Args;
use tracing::{info, warn};

use crate::cli::context::Context;
use crate::cli::output::plain;
use crate::cli::verb::read_file;
use crate::failure::Failure;
use crate::operations::verify_report::{SignatureTrial, VerifyReport};

/// Check a notification's signature and explain the result
///
/// Exits with 0 if the signature is valid, and with 1 and the reason if it is not. Prints the text that is signed,
/// the rule, the algorithm and the key, and the charset in which workers read the values. If the values are not in
/// that charset, it says what a worker does with them. Uses neither the broker nor the database. Another seller or
/// application than the merchant's is only a warning here; the ingress refuses it.
///
/// The file holds the body of the POST, or a query string. A leading ? and newlines at the end, which editors add,
/// are removed and reported.
///
/// Example: ops verify --merchant shop --body-file body.txt
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct VerifyArgs {
    /// Name of the merchant in the configuration
    #[arg(long)]
    merchant: String,
    /// The file with the form; - is stdin
    #[arg(long, value_name = "FILE")]
    body_file: PathBuf,
}

impl VerifyArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let merchant = context.merchant(&self.merchant)?;
        let bytes = read_file(&self.body_file)?;
        let judgement = VerifyReport::of(&context.config, merchant, &bytes);
        for note in &judgement.notes {
            info!("{note}");
        }
        for warning in &judgement.warnings {
            warn!("{warning}");
        }
        context.output.print(&judgement, || text(&judgement))?;
        match &judgement.error {
            None => Ok(()),
            Some(error) => Err(Failure::Refused(format!("the signature is not valid: {error}"))),
        }
    }
}

/// Where no remedy was found.
const NOTHING_FOUND: &str = "nothing that was tried: a value was changed, a parameter is missing, or the key \
    is not the one that Alipay uses for this merchant now";

/// For a person.
fn text(judgement: &VerifyReport) -> String {
    let mut lines = vec![match &judgement.error {
        None => "valid".to_owned(),
        Some(error) => format!("not valid: {error}"),
    }];
    let mut line = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            lines.push(format!("{name:<12} {}", plain(value)));
        }
    };
    line("merchant", Some(&format!("{} ({})", judgement.merchant, judgement.protocol)));
    line("reason", judgement.reason);
    line("sign type", judgement.sign_type);
    line("algorithm", judgement.algorithm);
    line("rule", judgement.rule.as_deref());
    if let (Some(charset), Some(from)) = (judgement.charset, &judgement.charset_from) {
        line("charset", Some(&format!("{charset} ({from})")));
    }
    line(
        "worker",
        judgement
            .worker_rejects
            .map(|reason| format!("makes a dead letter of it: {reason}"))
            .as_deref(),
    );
    line("key", judgement.key.map(|key| format!("number {key}, from 0")).as_deref());
    line("fingerprint", judgement.fingerprint.as_deref());
    if let (Some(sn), Some(until)) = (&judgement.cert_sn, judgement.cert_not_after) {
        line("certificate", Some(&format!("{sn}, until {until}")));
    }
    for check in &judgement.tried {
        let SignatureTrial { sign_type, rule, key, .. } = check;
        let fingerprint = check.fingerprint.as_deref().unwrap_or_default();
        line("tried", Some(&format!("{sign_type}, {rule}, key {key} {fingerprint}")));
    }
    if !judgement.ignored.is_empty() {
        line("ignored", Some(&judgement.ignored.join(", ")));
    }
    for remedy in &judgement.remedies {
        line("would hold", Some(&format!("{}: {}", remedy.code, remedy.says)));
    }
    if judgement.error.is_some()
        && judgement.remedies.is_empty()
        && judgement.reason == Some("bad_signature")
    {
        line("would hold", Some(NOTHING_FOUND));
    }
    line("canonical", judgement.canonical.as_deref());
    line("or", judgement.other_canonical.as_deref());
    lines.join("\n")
}

//! `ops dlq show`

use std::collections::BTreeSet;

use clap::Args;

use crate::cli::context::Context;
use crate::cli::output::plain;
use crate::failure::Failure;
use crate::operations::dead_letter::evidence::{Background, Evidence, find};
use crate::operations::dead_letter::not_there::not_there;
use crate::text::or_empty;

/// Show a dead letter with all its evidence
///
/// Prints the headers, the form as text in its charset, whether its signature is valid with today's keys, its order
/// as it is now, and what operators did with this message before.
///
/// Example: ops dlq show MESSAGE_ID
/// Example: ops dlq show MESSAGE_ID --output json | jq -r .form | ops verify --merchant shop --body-file -
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct LetterShowArgs {
    /// Its id, as `ops dlq list` prints it; the first 12 characters are enough
    id: String,
}

impl LetterShowArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let Some(opened) = find(&mut *context.database()?, &self.id)? else {
            return Err(Failure::Refused(not_there(context, &BTreeSet::from([self.id]))));
        };
        let mut evidence = Evidence::of(opened, &context.config);
        let opened = &evidence.opened;
        let config = &context.config;
        let asked = context.database().and_then(|mut it| Background::read(&mut it, config, opened));
        // The letter is shown also while there is no database to ask.
        match asked {
            Ok((background, settled)) => {
                evidence.background = background;
                evidence.opened.letter.settled = settled;
            }
            Err(failure) => {
                let why = format!("cannot be asked: {failure}");
                evidence.background.order_text = why.lines().map(str::to_owned).collect();
            }
        }
        context.output.print(&evidence, || text(&evidence))
    }
}

fn text(evidence: &Evidence) -> String {
    let (opened, letter) = (&evidence.opened, &evidence.opened.letter);
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{name:<12} {}\n", plain(&value)));
        }
    };
    line("id", letter.id.clone());
    line("reason", or_empty(letter.reason.as_ref()));
    line("error", or_empty(letter.error.as_ref()));
    line("order", or_empty(letter.order.as_ref()));
    if let Some(settled) = letter.settled {
        line("settled", format!("{}: {}; discard it", settled, settled.words()));
    }
    line("merchant", or_empty(letter.merchant.as_ref()));
    line("kind", or_empty(opened.kind.as_ref()));
    line("attempts", letter.attempts.to_string());
    line("received at", or_empty(opened.received_at.as_ref()));
    line("first seen", letter.first_seen.to_string());
    line("died at", or_empty(letter.died_at.as_ref()));
    line("worker", or_empty(opened.worker_version.as_ref()));
    line("trace", or_empty(opened.traceparent.as_ref()));
    if let Some(signature) = &evidence.signature {
        let word = if signature.valid { "valid today" } else { "not valid today" };
        line("signature", format!("{word}: {}", signature.result));
    }
    if opened.copies > 1 {
        line("copies", opened.copies.to_string());
    }
    line("body", or_empty(opened.body.as_ref()));
    for row in &evidence.background.history {
        let note = row.note.as_deref().unwrap_or_default();
        line("before", format!("{} {} by {} {note}", row.done_at, row.action, row.done_by));
    }
    if let Some(form) = &opened.form {
        text.push_str(&format!("\nform, in {}\n", opened.charset.unwrap_or_default()));
        if opened.parameters.is_empty() {
            text.push_str(&format!("  {}\n", plain(form)));
        }
        for parameter in &opened.parameters {
            let note = if parameter.undecodable { "  (not in this charset)" } else { "" };
            let (name, value) = (plain(&parameter.name), plain(&parameter.value));
            text.push_str(&format!("  {name} = {value}{note}\n"));
        }
    }
    if !evidence.background.order_text.is_empty() {
        text.push_str("\nthe order now\n");
        let lines = evidence.background.order_text.iter();
        text.extend(lines.map(|line| format!("  {}\n", plain(line))));
    }
    text
}

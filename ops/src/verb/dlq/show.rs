//! `ops dlq show`

use alipay::{Charset, Form};
use clap::Args;

use crate::context::Context;
use crate::dead_letter::OpenedLetter;
use crate::dead_queue::DeadQueue;
use crate::failure::Failure;
use crate::output::{or_empty, plain};

/// Show a dead letter with the form that it carries
///
/// Example: ops dlq show MESSAGE_ID --output json | jq -r .form | ops verify --merchant shop --body-file -
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Show {
    /// Its id, as ops dlq list prints it
    id: String,
}

impl Show {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let Some(opened) = context.block_on(find(context.broker(), &self.id))? else {
            return Err(Failure::No(format!("there is no dead letter {}", self.id)));
        };
        context.output.print(&opened, || text(&opened))
    }
}

/// The letter with this id; of several copies the one that died last.
async fn find(url: &str, id: &str) -> Result<Option<OpenedLetter>, Failure> {
    let mut queue = DeadQueue::open(url).await?;
    let mut found = Vec::new();
    while let Some(received) = queue.next().await? {
        if received.message_id == id {
            found.push(received);
        }
    }
    queue.close().await?;
    let last = found.iter().max_by_key(|received| received.headers.died_at);
    Ok(last.map(|received| OpenedLetter::open(received, found.len())))
}

fn text(opened: &OpenedLetter) -> String {
    let letter = &opened.letter;
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
    line("merchant", or_empty(letter.merchant.as_ref()));
    line("kind", or_empty(opened.kind.as_ref()));
    line("attempts", letter.attempts.to_string());
    line("first seen", letter.first_seen.to_string());
    line("received at", or_empty(opened.received_at.as_ref()));
    line("died at", or_empty(letter.died_at.as_ref()));
    line("worker", or_empty(opened.worker_version.as_ref()));
    line("charset", or_empty(opened.charset.as_ref()));
    if opened.copies > 1 {
        line("copies", opened.copies.to_string());
    }
    line("body", or_empty(opened.body.as_ref()));
    if let Some(form) = &opened.form {
        text.push('\n');
        text.push_str(&parameters(form, opened.charset));
    }
    text
}

/// The form's parameters, one a line; the signature is of no use to a reader.
fn parameters(form: &str, charset: Option<&str>) -> String {
    let Ok(form) = Form::parse(form.as_bytes()) else { return format!("{}\n", plain(form)) };
    let charset = charset.and_then(|name| Charset::named(name.as_bytes())).unwrap_or(Charset::Utf8);
    let shown = |bytes: &[u8]| {
        plain(&charset.decode(bytes).unwrap_or_else(|_| bytes.escape_ascii().to_string()))
    };
    form.iter()
        .filter(|(name, _)| *name != b"sign")
        .map(|(name, value)| format!("{} = {}\n", shown(name), shown(value)))
        .collect()
}

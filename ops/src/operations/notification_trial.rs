//! What workers would make of a notification that came now.

use alipay::{Charset, Form};
use chrono::Utc;
use config::{Config, Merchant};
use queue::{Envelope, Headers, MessageKind, message_id};
use store::MysqlConnection;

use crate::failure::Failure;
use crate::operations::dead_letter::message::LetterMessage;
use crate::operations::dry_run::{DryRunResult, dry_run_letters};
use crate::operations::verify_report::as_sent;

/// Runs the worker's own code for the body of a notification, as the ingress would put it into the queue, and rolls it back.
/// `None` where the ingress would not: the body is no form, its signature does not hold, or its charset is not known.
///
/// # Errors
/// The database does not answer.
pub(crate) fn notification_trial(
    connection: &mut MysqlConnection,
    config: &Config,
    merchant: &Merchant,
    body: &[u8],
) -> Result<Option<DryRunResult>, Failure> {
    let Some((message_id, envelope)) = queued(merchant, as_sent(body)) else { return Ok(None) };
    let headers = Headers::first(envelope.received_at, None);
    let message = LetterMessage { message_id, headers, body: envelope.to_bytes() };
    Ok(dry_run_letters(connection, config, vec![message])?.pop())
}

/// The message in the queue: its id and its body.
fn queued(merchant: &Merchant, body: &[u8]) -> Option<(String, Envelope)> {
    let now = Utc::now();
    let form = Form::parse(body).ok()?;
    alipay::check_notification(&form).ok()?;
    let verified = merchant.verifier.verify(&form, &[], now).ok()?;
    let charset = Charset::of(&form, merchant.charset).ok()?;
    let kind = MessageKind::of_notification(&form);
    let envelope = Envelope::new(&merchant.name, kind, charset, now, alipay::ascii_form(body))
        .verified_by(merchant.verifier.fingerprint(&verified));
    Some((message_id(&merchant.name, kind, &form), envelope))
}

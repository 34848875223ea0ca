//! What the row of a dead letter says, read from the letter itself: the same for a worker that publishes it and for `ops`,
//! which finds it in the queue.

mod fingerprint;

use alipay::Charset;
use queue::{Envelope, Headers, MAX_HEADER_LENGTH};
use sha2::{Digest as _, Sha256};
use store::dead_letter::NewDeadLetter;

use self::fingerprint::fingerprint;
use crate::message::{order_in_form, trade_in_form, usable};

/// Hex digits of a cause.
const CAUSE_LENGTH: usize = 16;

/// The row of a letter with this id. `is_recorded`: a row in `notification` says that it was rejected.
pub fn row_of(
    message_id: &str,
    headers: &Headers,
    body: &[u8],
    is_recorded: bool,
) -> NewDeadLetter {
    let envelope = Envelope::read(body).ok();
    let named = headers.order.clone().and_then(usable);
    let in_form = |read: fn(&str, Charset) -> Option<String>| {
        envelope.as_ref().and_then(|it| read(&it.form, it.charset))
    };
    let order_id = named.or_else(|| in_form(order_in_form));
    let trade_no = in_form(trade_in_form);
    let fingerprint = fingerprint_of(headers);
    NewDeadLetter {
        message_id: message_id.to_owned(),
        kind: envelope.as_ref().map(|it| it.kind.as_str().to_owned()),
        merchant: headers.merchant.clone().or_else(|| envelope.map(|it| it.merchant)),
        order_id,
        trade_no,
        cause: cause(headers.reason.as_deref(), &fingerprint),
        reason: headers.reason.clone(),
        error: headers.error.clone(),
        fingerprint,
        attempts: i32::try_from(headers.attempt).unwrap_or(i32::MAX),
        first_seen: headers.first_seen,
        traceparent: headers.traceparent.clone(),
        worker_version: headers.worker_version.clone(),
        died_at: headers.died_at,
        is_recorded,
        body: body.to_vec(),
    }
}

/// What the error has in common with others of the same cause. The queue keeps no more of it than a header holds.
fn fingerprint_of(headers: &Headers) -> String {
    let error = headers.error.as_deref().unwrap_or_default();
    let names: Vec<&str> = headers.order.as_deref().into_iter().collect();
    fingerprint(&error[..error.floor_char_boundary(MAX_HEADER_LENGTH)], &names)
}

/// A short name of what letters with this reason and this fingerprint have in common.
fn cause(reason: Option<&str>, fingerprint: &str) -> String {
    let mut hash = Sha256::new();
    // A reason is one word, and none is another than an empty one.
    hash.update(reason.map_or_else(|| "-".to_owned(), |reason| format!("+{reason}\n")));
    hash.update(fingerprint);
    let mut digits = base16ct::lower::encode_string(&hash.finalize());
    digits.truncate(CAUSE_LENGTH);
    digits
}

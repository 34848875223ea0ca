//! Verifies a signed form again: the queue is not trusted more than the database. Otherwise anybody who can publish could
//! have goods delivered with four parameters.

use alipay::{Charset, Form, check_recipient};
use chrono::{DateTime, TimeDelta, Utc};
use config::Merchant;
use order::RejectionReason;
use queue::Envelope;

use super::Rejection;

/// How far back a message's own time of receipt counts. Retired keys and certificates verify what came before their
/// end, so without this limit an old key could sign forever.
pub(crate) const MAX_RECEIPT_AGE: TimeDelta = TimeDelta::days(40);

/// The time of receipt that counts, of a message that says `stated`.
pub(super) fn bounded_receipt_time(stated: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    stated.max(now - MAX_RECEIPT_AGE).min(now)
}

/// Checks that Alipay signed a notification for this merchant, with the key that the envelope names,
/// if it names one, as of the time when it was received. Returns the charset of its values.
///
/// # Errors
/// The reason of the signature (`bad_signature`, `unknown_key` and so on), `not_this_merchant`, or a
/// charset that is not known.
pub(super) fn check(
    envelope: &Envelope,
    form: &Form,
    merchant: &Merchant,
    received_at: DateTime<Utc>,
) -> Result<Charset, Rejection> {
    let verified = merchant
        .verifier
        .verify_with(envelope.key.as_deref(), form, &[], received_at)
        .map_err(|error| Rejection::new(error.reason_code(), error))?;
    check_recipient(form, merchant.protocol, verified.sign_type, merchant.account()).map_err(
        |parameter| {
            let name = &merchant.name;
            let evidence = format!("{parameter} is missing or is not that of merchant {name}");
            Rejection::new(RejectionReason::NotThisMerchant, evidence)
        },
    )?;
    // The charset in the form is signed, the one in the envelope is not.
    Charset::of(form, envelope.charset)
        .map_err(|error| Rejection::new(RejectionReason::UnknownCharset, error))
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::bounded_receipt_time;

    #[test]
    fn receipt_times_count_for_forty_days() {
        let now: DateTime<Utc> = "2026-11-29T00:00:00Z".parse().unwrap();
        let days = |days| now - TimeDelta::days(days);
        assert_eq!(bounded_receipt_time(days(39), now), days(39));
        assert_eq!(bounded_receipt_time(days(41), now), days(40));
        assert_eq!(bounded_receipt_time(days(4000), now), days(40));
        // An ingress whose clock is ahead.
        assert_eq!(bounded_receipt_time(days(-1), now), now);
    }
}

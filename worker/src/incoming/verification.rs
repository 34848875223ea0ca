//! Verifies a signed form once more: what lies in a queue is no better than what lies in a database.
//! Who can publish messages could else ship goods with four parameters.

use alipay::{Charset, Form, Protocol, SignType};
use chrono::{DateTime, TimeDelta, Utc};
use queue::Envelope;
use service::config::Merchant;

use crate::verdict::Never;

/// How far back a message's own time of receipt is believed. Retired keys and certificates count for
/// what came before their end, so with an earlier time an old key could sign for ever.
pub(super) const BELIEVED: TimeDelta = TimeDelta::days(40);

/// The time of receipt that is believed of a message that says `claimed`.
pub(super) fn believed(claimed: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    claimed.max(now - BELIEVED).min(now)
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
) -> Result<Charset, Never> {
    let verified = merchant
        .verifier
        .verify_with(envelope.key.as_deref(), form, &[], received_at)
        .map_err(|error| Never::new(error.reason_code(), error))?;
    for_this_merchant(form, merchant, verified.sign_type)?;
    // What the form says of its charset is signed, what the envelope says is not.
    Charset::of(form, envelope.charset).map_err(|error| Never::new("unknown_charset", error))
}

/// As the ingress does: Alipay's RSA key of the legacy gateway is one for all merchants, so the
/// parameters that name the receiver must not name another one.
fn for_this_merchant(form: &Form, merchant: &Merchant, sign_type: SignType) -> Result<(), Never> {
    let is_batch = form.get("notify_type") == Some(b"batch_refund_notify");
    let (app_required, seller_required) = match merchant.protocol {
        Protocol::Openapi => (true, false),
        Protocol::Mapi => (false, sign_type != SignType::Md5 && !is_batch),
    };
    for (parameter, own, required) in [
        ("app_id", &merchant.app_id, app_required),
        ("seller_id", &merchant.seller_id, seller_required),
    ] {
        let named = form.get(parameter).filter(|value| !value.is_empty());
        let agrees = match (named, own) {
            (Some(named), Some(own)) => named == own.as_bytes(),
            (Some(_), None) => true,
            (None, _) => !required,
        };
        if !agrees {
            let name = &merchant.name;
            let evidence = format!("{parameter} is missing or is not that of merchant {name}");
            return Err(Never::new("not_this_merchant", evidence));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::believed;

    #[test]
    fn forty_days_back_and_no_further() {
        let now: DateTime<Utc> = "2026-11-29T00:00:00Z".parse().unwrap();
        let days = |days| now - TimeDelta::days(days);
        assert_eq!(believed(days(39), now), days(39));
        assert_eq!(believed(days(41), now), days(40));
        assert_eq!(believed(days(4000), now), days(40));
        // An ingress whose clock is ahead.
        assert_eq!(believed(days(-1), now), now);
    }
}

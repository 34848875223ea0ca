//! The job: one notification, from its bytes to the broker's confirm.

use std::time::{Duration, Instant};

use alipay::{Charset, Form, Protocol, SignType};
use chrono::Utc;
use metrics::histogram;
use queue::{Envelope, Kind, Message, Publisher};
use service::config::Merchant;

use crate::Refusal;

/// Takes a notification for this merchant. `Ok` only when the broker has confirmed it; then, and only
/// then, Alipay may read `success`.
pub(crate) async fn take(
    merchant: &Merchant,
    body: &[u8],
    publisher: &Publisher,
    confirm_timeout: Duration,
) -> Result<(), Refusal> {
    let received_at = Utc::now();
    let form = Form::parse(body)?;
    // `ignore_params` are for the return URL: nothing is ever added to a notification.
    let verified = merchant.verifier.verify(&form, &[])?;
    let charset = Charset::of(&form, merchant.charset)?;
    let kind = kind(&form);
    is_for(merchant, &form, kind, verified.sign_type)?;
    service::crash_point!("ingress.after_verify");

    let form_text = alipay::ascii_form(body);
    let envelope = Envelope::new(&merchant.name, kind, charset, received_at, form_text);
    let message_id = queue::message_id(&merchant.name, kind, &form);
    let traceparent = traceparent();
    tracing::debug!(merchant = merchant.name, %kind, message_id, traceparent, "publishing");
    let message = Message::notify(&envelope, message_id, Some(traceparent));
    publish(publisher, message, confirm_timeout).await?;
    service::crash_point!("ingress.after_confirm");
    Ok(())
}

/// Publishes and waits for the confirm, but not longer than Alipay should wait for an answer. A message
/// whose confirm comes too late is in the queue and comes once more: the worker makes one of the two.
async fn publish(
    publisher: &Publisher,
    message: Message,
    confirm_timeout: Duration,
) -> Result<(), Refusal> {
    let started = Instant::now();
    let answer = tokio::time::timeout(confirm_timeout, publisher.publish(message)).await;
    histogram!("ingress_confirm_seconds").record(started.elapsed());
    match answer {
        Ok(published) => Ok(published?),
        Err(_) => Err(Refusal::ConfirmTimeout),
    }
}

/// What the form is, for the queue; whether it makes sense is judged by the worker.
fn kind(form: &Form) -> Kind {
    match form.get("notify_type") {
        Some(b"batch_refund_notify") => Kind::BatchRefund,
        _ => Kind::TradeStatus,
    }
}

/// A valid signature says that Alipay wrote this, not to whom: the legacy RSA key is one for all
/// merchants. So the parameters that name the receiver must not name another one, and must be there
/// where the key does not tell:
///
/// * Open Platform: `app_id` always.
/// * Legacy gateway with RSA: `seller_id`, but for `batch_refund_notify`, which does not carry it.
fn is_for(
    merchant: &Merchant,
    form: &Form,
    kind: Kind,
    sign_type: SignType,
) -> Result<(), Refusal> {
    let (app_required, seller_required) = match merchant.protocol {
        Protocol::Openapi => (true, false),
        Protocol::Mapi => (false, sign_type != SignType::Md5 && kind != Kind::BatchRefund),
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
            return Err(Refusal::NotThisMerchant { parameter });
        }
    }
    Ok(())
}

/// A new trace in the form of W3C Trace Context: version 00, sampled. Alipay sends none, so each
/// notification starts one, which its events carry on.
fn traceparent() -> String {
    // All zeros would mean "no trace".
    let trace = rand::random::<u128>().max(1);
    let span = rand::random::<u64>().max(1);
    format!("00-{trace:032x}-{span:016x}-01")
}

#[cfg(test)]
mod tests {
    use super::*;
    use service::Config;

    const APP: &str = "2021001";
    const SELLER: &str = "2088000000000001";

    fn merchant(protocol: &str, app_id: &str, seller_id: &str) -> Merchant {
        let variables = [
            ("PROTOCOL", protocol),
            ("APP_ID", app_id),
            ("SELLER_ID", seller_id),
            ("SIGN_TYPES", "MD5"),
            ("MD5_KEY", "x"),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (format!("ALIPAY__MERCHANTS__SHOP__{key}").into(), value.into()));
        Config::load_from(None, variables).unwrap().only_merchant().unwrap().clone()
    }

    fn parameter_that_disagrees(
        merchant: &Merchant,
        form: &str,
        sign_type: SignType,
    ) -> Option<&'static str> {
        let form = Form::parse(form.as_bytes()).unwrap();
        match is_for(merchant, &form, kind(&form), sign_type) {
            Ok(()) => None,
            Err(Refusal::NotThisMerchant { parameter }) => Some(parameter),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn an_open_platform_notification_names_the_app() {
        let merchant = merchant("openapi", APP, SELLER);
        for (form, expected) in [
            ("app_id=2021001", None),
            ("app_id=2021001&seller_id=2088000000000001", None),
            ("app_id=2021002", Some("app_id")),
            ("app_id=", Some("app_id")),
            ("a=1", Some("app_id")),
            ("notify_type=batch_refund_notify", Some("app_id")),
            ("app_id=2021001&seller_id=2088000000000002", Some("seller_id")),
            ("app_id=2021001&seller_id=", None),
        ] {
            let found = parameter_that_disagrees(&merchant, form, SignType::Rsa2);
            assert_eq!(found, expected, "{form}");
        }
    }

    #[test]
    fn a_seller_that_is_not_configured_is_not_compared() {
        let merchant = merchant("openapi", APP, "");
        let form = "app_id=2021001&seller_id=2088000000000002";
        assert_eq!(parameter_that_disagrees(&merchant, form, SignType::Rsa2), None);
    }

    #[test]
    fn a_legacy_notification_names_the_seller_where_the_key_does_not() {
        let merchant = merchant("mapi", "", SELLER);
        for (form, with_md5, with_rsa) in [
            ("seller_id=2088000000000001", None, None),
            ("seller_id=2088000000000002", Some("seller_id"), Some("seller_id")),
            ("notify_type=trade_status_sync", None, Some("seller_id")),
            ("notify_type=something_new", None, Some("seller_id")),
            ("notify_type=batch_refund_notify", None, None),
            (
                "notify_type=batch_refund_notify&seller_id=2088000000000002",
                Some("seller_id"),
                Some("seller_id"),
            ),
        ] {
            let found = parameter_that_disagrees(&merchant, form, SignType::Md5);
            assert_eq!(found, with_md5, "MD5: {form}");
            let found = parameter_that_disagrees(&merchant, form, SignType::Rsa);
            assert_eq!(found, with_rsa, "RSA: {form}");
        }
    }

    #[test]
    fn a_trace_parent_is_well_formed_and_new() {
        let one = traceparent();
        let parts: Vec<&str> = one.split('-').collect();
        let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
        assert_eq!(lengths, [2, 32, 16, 2], "{one}");
        assert!(one.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit()), "{one}");
        assert_ne!(one, traceparent());
    }
}

//! One notification, from its bytes to the broker's confirm.

use std::time::Duration;

use alipay::{Charset, Form, SecondReading, SignType};
use chrono::Utc;
use config::Merchant;
use queue::{Envelope, MessageKind};

use crate::broker::{Broker, InFlight};
use crate::{Refusal, identity};

/// A notification for this merchant, on its way to `success`: it is [`read`], and where the merchant
/// wants it the gateway is asked about it; then it is [`published`](VerifiedNotification::publish). Then, and
/// only then, Alipay may read `success`.
pub(crate) struct VerifiedNotification {
    pub(crate) form: Form,
    kind: MessageKind,
    envelope: Envelope,
    /// The gateway is asked whether it sent this, whatever the configuration says.
    pub(crate) must_be_confirmed: bool,
    /// Its signed text can be cut in another way, so the sender may not be Alipay.
    pub(crate) is_ambiguous: bool,
}

/// Verifies a notification from its bytes: signed by Alipay, and for this merchant.
pub(crate) fn read(merchant: &Merchant, body: &[u8]) -> Result<VerifiedNotification, Refusal> {
    let received_at = Utc::now();
    let form = Form::parse(body)?;
    // What else is signed by the same rules and keys is not taken for a notification.
    alipay::check_notification(&form)?;
    // `ignore_params` are for the return URL: nothing is ever added to a notification.
    let verified = merchant.verifier.verify(&form, &[], received_at)?;
    if form.get("sign_type").is_none_or(<[u8]>::is_empty) {
        tracing::debug!(merchant = merchant.name, %verified, "a notification names no sign_type");
    }
    let charset = Charset::of(&form, merchant.charset)?;
    let kind = MessageKind::of_notification(&form);
    identity::check(merchant, &form, verified.sign_type)?;
    service::crash_point!("ingress.after_verify");
    let form_text = alipay::ascii_form(body);
    let envelope = Envelope::new(&merchant.name, kind, charset, received_at, form_text)
        .verified_by(merchant.verifier.fingerprint(&verified));
    let must_be_confirmed = is_anybodys(kind, verified.sign_type);
    let is_ambiguous = SecondReading::of(&form, merchant.protocol).is_some();
    Ok(VerifiedNotification { form, kind, envelope, must_be_confirmed, is_ambiguous })
}

/// A batch of refunds names neither seller nor order, and Alipay's legacy RSA key signs for all merchants: the
/// signature is also valid for the refunds of another merchant.
fn is_anybodys(kind: MessageKind, sign_type: SignType) -> bool {
    kind == MessageKind::BatchRefund && sign_type == SignType::Rsa
}

impl VerifiedNotification {
    /// Publishes it. `Ok` only when the broker has confirmed it.
    pub(crate) async fn publish(
        &self,
        broker: &Broker,
        permit: &InFlight<'_>,
        confirm_timeout: Duration,
    ) -> Result<(), Refusal> {
        broker.publish(permit, &self.envelope, self.message_id(), confirm_timeout).await?;
        service::crash_point!("ingress.after_confirm");
        Ok(())
    }

    /// The id that its repeats share.
    fn message_id(&self) -> String {
        queue::id_of_content(&self.envelope.merchant, self.kind, &self.form, self.is_ambiguous)
    }
}

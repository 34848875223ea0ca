//! For whom Alipay signed a message.

use crate::{Form, Protocol, SignType};

/// Checks that a signed message is for this account. A valid signature says that Alipay wrote it, not to whom: the
/// legacy RSA key is one for all merchants. So the parameters that name the receiver must not name another one,
/// and must be there where the key does not tell:
///
/// * Open Platform: `app_id` always.
/// * Legacy gateway with RSA: `seller_id`, but for `batch_refund_notify`, which does not carry it.
///
/// # Errors
/// The parameter that is missing or names another account.
pub fn check_recipient(
    form: &Form,
    protocol: Protocol,
    sign_type: SignType,
    app_id: Option<&str>,
    seller_id: Option<&str>,
) -> Result<(), &'static str> {
    let is_batch = form.get("notify_type") == Some(b"batch_refund_notify");
    let (app_required, seller_required) = match protocol {
        Protocol::Openapi => (true, false),
        Protocol::Mapi => (false, sign_type != SignType::Md5 && !is_batch),
    };
    for (parameter, own, required) in
        [("app_id", app_id, app_required), ("seller_id", seller_id, seller_required)]
    {
        let named = form.get(parameter).filter(|value| !value.is_empty());
        let agrees = match (named, own) {
            (Some(named), Some(own)) => named == own.as_bytes(),
            (Some(_), None) => true,
            (None, _) => !required,
        };
        if !agrees {
            return Err(parameter);
        }
    }
    Ok(())
}

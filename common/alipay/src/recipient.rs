//! For whom Alipay signed a message.

use crate::{BatchRefundNotify, Form, Protocol, SignType};

/// Who a merchant is at Alipay; `None` where the configuration does not say.
#[derive(Debug, Clone, Copy)]
pub struct RecipientAccount<'a> {
    /// The application.
    pub app_id: Option<&'a str>,
    /// The seller's user number.
    pub seller_id: Option<&'a str>,
    /// The partner of requests to the legacy gateway.
    pub partner: Option<&'a str>,
}

/// Checks that a signed message is for this account. A valid signature says that Alipay wrote it, not to whom: the
/// legacy RSA key is one for all merchants. So the parameters that name the receiver must not name another one,
/// and must be there where the key does not identify it:
///
/// * Open Platform: `app_id` always.
/// * Legacy gateway with RSA: one of `seller_id`, `partner_id` (agreements) and `pay_user_id` (transfers), but for
///   `batch_refund_notify`, which carries none. Of what is no notification of a trade `seller_user_id` and
///   `payee_user_id` (pre-authorisations) will do, too: it becomes a dead letter with its name. The buyer's
///   numbers (`alipay_user_id`, `buyer_id`, `payer_user_id`) say nothing of the receiver.
///
/// # Errors
/// The parameter that is missing or names another account.
pub fn check_recipient(
    form: &Form,
    protocol: Protocol,
    sign_type: SignType,
    account: RecipientAccount<'_>,
) -> Result<(), &'static str> {
    let notify_type = form.get("notify_type").unwrap_or_default();
    let is_batch = BatchRefundNotify::is_meant(notify_type);
    let moves_money = is_batch || matches!(notify_type, b"" | b"trade_status_sync");
    let RecipientAccount { app_id, seller_id, partner } = account;
    let (parameters, required): (&[(&'static str, Option<&str>)], bool) = match protocol {
        Protocol::Openapi => (&[("app_id", app_id)], true),
        Protocol::Mapi => (
            &[
                ("seller_id", seller_id),
                ("partner_id", partner),
                ("pay_user_id", seller_id),
                ("seller_user_id", seller_id),
                ("payee_user_id", seller_id),
            ][..if moves_money { 3 } else { 5 }],
            sign_type != SignType::Md5 && !is_batch,
        ),
    };
    let named = |name: &str| form.get(name).filter(|value| !value.is_empty());
    let all = [("app_id", app_id), ("seller_id", seller_id)];
    for (name, own) in all.iter().chain(parameters) {
        if let (Some(named), Some(own)) = (named(name), own)
            && named != own.as_bytes()
        {
            return Err(name);
        }
    }
    match parameters.iter().any(|(name, _)| named(name).is_some()) || !required {
        true => Ok(()),
        false => Err(parameters[0].0),
    }
}

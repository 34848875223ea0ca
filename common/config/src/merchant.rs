//! One merchant: who it is for Alipay, and the keys on both sides.

mod certificate_mode;
mod confirm;
mod keys;
mod public_keys;
mod read;
mod retired_keys;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use alipay::{
    Certificate, Charset, Md5Key, PrivateKey, Protocol, PublicKey, RecipientAccount,
    RootCertificates, SignType, Verifier,
};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use strum::IntoStaticStr;

pub use self::confirm::ConfirmPolicy;
pub(crate) use self::keys::MerchantKeys;
pub(crate) use self::read::read;
use crate::error::ConfigError;
use crate::layers::Layers;
use crate::secret::Secret;

/// A configured merchant, `[merchants.NAME]`. Its keys are read and checked.
#[derive(Clone)]
pub struct Merchant {
    /// The section's name; part of the notify URL and of every queue message.
    pub name: String,
    /// Legacy gateway or Open Platform.
    pub protocol: Protocol,
    /// The seller's user id. Always there for `mapi`.
    pub seller_id: Option<String>,
    /// The application's id. Always there for `openapi`.
    pub app_id: Option<String>,
    /// The partner id of legacy requests: `partner`, else `seller_id`.
    pub partner: Option<String>,
    /// Signature types that are accepted.
    pub sign_types: Vec<SignType>,
    /// Verifies this merchant's notifications with the keys and signature types of this section.
    pub verifier: Verifier,
    /// The key of sign type MD5, also for requests. The verifier knows the one before it as well, where
    /// one is configured.
    pub md5_key: Option<Md5Key>,
    /// Alipay's public keys, in the order of the configuration; in certificate mode each out of its
    /// certificate, issued by one of the roots.
    pub public_keys: Vec<PublicKey>,
    /// The merchant's own key, to sign requests.
    pub private_key: Option<PrivateKey>,
    /// The application's own certificate, that of `private_key`: certificate mode of openapi.
    pub app_cert: Option<Certificate>,
    /// The roots that vouch for Alipay's certificates. Where they are, the gateway is asked in
    /// certificate mode, which needs `app_cert` too.
    pub alipay_root_cert: Option<RootCertificates>,
    /// openapi: the token by which another merchant lets this application act for it.
    pub app_auth_token: Option<Secret>,
    /// Charset of a notification that does not name its own.
    pub charset: Charset,
    /// Parameters that the merchant's routing adds to the return URL.
    pub ignore_params: Vec<String>,
    /// Whether the gateway is asked about a notification before it is answered.
    pub notify_verify: NotifyVerifyPolicy,
    /// What becomes of money that comes after its order's time.
    pub late_payment: LatePaymentPolicy,
    /// Whose payments wait for the gateway's word before goods go out.
    pub confirm: ConfirmPolicy,
    /// How much time buyers have to pay, at most; orders with more, or less than none, have a mistake there.
    pub longest_time_to_pay: Option<Duration>,
    /// The gateway's address; Alipay's own when not configured.
    pub gateway: String,
    /// The merchant's page for a buyer who comes back.
    pub return_to: Option<String>,
}

/// The legacy gateway's `notify_verify` query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NotifyVerifyPolicy {
    /// Not asked: the signature decides.
    #[default]
    Off,
    /// Asked; no answer is no objection.
    BestEffort,
    /// Asked; no answer refuses the notification.
    Required,
}

/// What becomes of money that comes after `user_order.expires_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LatePaymentPolicy {
    /// It is a payment like any other.
    #[default]
    Deliver,
    /// It goes back: by a worker at the Open Platform, by a person at the legacy gateway.
    Refund,
}

impl Merchant {
    /// `longest_time_to_pay`, as orders are compared with it.
    pub fn longest_time_to_pay(&self) -> Option<TimeDelta> {
        self.longest_time_to_pay.and_then(|longest| TimeDelta::from_std(longest).ok())
    }

    /// Who the merchant is at Alipay.
    pub fn account(&self) -> RecipientAccount<'_> {
        RecipientAccount {
            app_id: self.app_id.as_deref(),
            seller_id: self.seller_id.as_deref(),
            partner: self.partner.as_deref(),
        }
    }
}

impl fmt::Debug for Merchant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Merchant")
            .field("name", &self.name)
            .field("protocol", &self.protocol)
            .field("seller_id", &self.seller_id)
            .field("app_id", &self.app_id)
            .field("sign_types", &self.sign_types)
            .field("charset", &self.charset)
            .finish_non_exhaustive()
    }
}

/// What is wrong between two merchants. They must not be the same account at Alipay: a notification could be for either.
/// And the key of one must not stand among Alipay's keys of another.
pub(crate) fn check_pairs(
    layers: &Layers,
    merchants: &BTreeMap<String, Merchant>,
) -> Result<(), ConfigError> {
    for (name, merchant) in merchants {
        let before = merchants.values().take_while(|other| other.name != *name);
        for other in before.filter(|other| other.protocol == merchant.protocol) {
            let (key, same) = match merchant.protocol {
                Protocol::Mapi => ("seller_id", other.seller_id == merchant.seller_id),
                Protocol::Openapi => ("app_id", other.app_id == merchant.app_id),
            };
            if same {
                let problem = format!("is also that of merchants.{}.{key}", other.name);
                return Err(layers.invalid(&format!("merchants.{name}.{key}"), problem));
            }
        }
    }
    for (name, merchant) in merchants {
        for other in merchants.values().filter(|other| other.name != *name) {
            if let Some(own) = other.private_key.as_ref().map(PrivateKey::public_key) {
                let own_name = format!("merchants.{}.private_key", other.name);
                public_keys::refuse_own(layers, merchant, &own, &own_name)?;
            }
        }
    }
    Ok(())
}

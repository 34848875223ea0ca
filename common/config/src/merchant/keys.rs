//! The keys of `[merchants.NAME]`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::retired_keys::RetiredKeyEntry;
use super::{ConfirmPolicy, LatePaymentPolicy, NotifyVerifyPolicy};
use crate::field::{LineText, OneOrMore, duration};
use crate::secret::Secret;

/// A merchant's section as it is written, before its files are read and its keys are checked.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [merchants.NAME]")]
pub(crate) struct MerchantKeys {
    pub(super) protocol: Option<LineText>,
    pub(super) seller_id: Option<LineText>,
    pub(super) app_id: Option<LineText>,
    pub(super) partner: Option<LineText>,
    pub(super) sign_types: Option<Vec<String>>,
    pub(super) md5_key: Option<Secret>,
    pub(super) md5_key_file: Option<LineText>,
    pub(super) md5_old_key: Option<Secret>,
    pub(super) md5_old_key_file: Option<LineText>,
    pub(super) alipay_public_keys: Option<Vec<String>>,
    pub(super) alipay_public_keys_file: Option<OneOrMore>,
    #[serde(default)]
    pub(super) retired_keys: Vec<RetiredKeyEntry>,
    pub(super) private_key: Option<Secret>,
    pub(super) private_key_file: Option<LineText>,
    pub(super) app_cert: Option<String>,
    pub(super) app_cert_file: Option<LineText>,
    pub(super) alipay_root_cert: Option<String>,
    pub(super) alipay_root_cert_file: Option<LineText>,
    pub(super) app_auth_token: Option<Secret>,
    pub(super) app_auth_token_file: Option<LineText>,
    pub(super) charset: Option<LineText>,
    #[serde(default)]
    pub(super) ignore_params: Vec<LineText>,
    #[serde(default)]
    pub(super) notify_verify: NotifyVerifyPolicy,
    #[serde(default)]
    pub(super) late_payment: LatePaymentPolicy,
    pub(super) longest_time_to_pay: Option<Longest>,
    #[serde(default)]
    pub(super) confirm: ConfirmPolicy,
    pub(super) gateway: Option<LineText>,
    pub(super) return_to: Option<LineText>,
}

/// A duration that may be unset.
#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Longest(#[serde(with = "duration")] pub(super) Duration);

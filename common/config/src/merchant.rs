//! One merchant: who it is for Alipay, and the keys on both sides.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use alipay::{
    Certificate, Charset, KeyError, Md5Key, PrivateKey, Protocol, PublicKey, RecipientAccount,
    RootCertificates, SignType, Verifier,
};
use chrono::TimeDelta;

use crate::certificate_mode;
use crate::confirm::{self, Confirm};
use crate::error::ConfigError;
use crate::layers::{self, Layers};
use crate::policy;
use crate::retired_keys;
use crate::secret::{self, Secret};
use crate::stray::SecretForm;

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
    pub notify_verify: NotifyVerify,
    /// What becomes of money that comes after its order's time.
    pub late_payment: LatePayment,
    /// Whose payments wait for the gateway's word before goods go out.
    pub confirm: Confirm,
    /// How much time buyers have to pay, at most; orders with more, or less than none, have a mistake there.
    pub longest_time_to_pay: Option<Duration>,
    /// The gateway's address; Alipay's own when not configured.
    pub gateway: String,
    /// The merchant's page for a buyer who comes back.
    pub return_to: Option<String>,
}

/// The legacy gateway's `notify_verify` query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotifyVerify {
    /// Not asked: the signature decides.
    Off,
    /// Asked; no answer is no objection.
    BestEffort,
    /// Asked; no answer refuses the notification.
    Required,
}

/// What becomes of money that comes after `user_order.expires_at`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LatePayment {
    /// It is a payment like any other.
    Deliver,
    /// It goes back: by a worker at the Open Platform, by a person at the legacy gateway.
    Refund,
}

impl Merchant {
    /// `longest_time_to_pay`, as orders are compared with it.
    #[must_use]
    pub fn longest_time_to_pay(&self) -> Option<TimeDelta> {
        self.longest_time_to_pay.and_then(|longest| TimeDelta::from_std(longest).ok())
    }

    /// Who the merchant is at Alipay.
    #[must_use]
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

/// Reads each merchant by itself: those that can be read, and the first problem of each other one; where each can be read,
/// what is wrong between two of them.
pub(super) fn read_each(layers: &Layers) -> (BTreeMap<String, Merchant>, Vec<ConfigError>) {
    let mut merchants = BTreeMap::new();
    let mut problems = Vec::new();
    for name in layers.merchants() {
        match read(layers, name) {
            Ok(merchant) => {
                merchants.insert(name.to_owned(), merchant);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        problems.extend(read_all(layers).err());
    }
    (merchants, problems)
}

/// Reads all merchants. Two of them must not be the same account at Alipay: a notification could not
/// be told apart.
pub(super) fn read_all(layers: &Layers) -> Result<BTreeMap<String, Merchant>, ConfigError> {
    let mut merchants: BTreeMap<String, Merchant> = BTreeMap::new();
    for name in layers.merchants() {
        let merchant = read(layers, name)?;
        for other in merchants.values().filter(|other| other.protocol == merchant.protocol) {
            let (key, same) = match merchant.protocol {
                Protocol::Mapi => ("seller_id", other.seller_id == merchant.seller_id),
                Protocol::Openapi => ("app_id", other.app_id == merchant.app_id),
            };
            if same {
                let problem = format!("is also that of merchants.{}.{key}", other.name);
                return Err(layers.invalid(&format!("merchants.{name}.{key}"), problem));
            }
        }
        merchants.insert(name.to_owned(), merchant);
    }
    for (name, merchant) in &merchants {
        for other in merchants.values().filter(|other| other.name != *name) {
            let Some(own) = other.private_key.as_ref().map(PrivateKey::public_key) else {
                continue;
            };
            let path = keys_path(layers, name);
            let own_name = format!("merchants.{}.private_key", other.name);
            refuse_own_key(layers, &path, &merchant.public_keys, &own, &own_name)?;
            let path = format!("merchants.{}.retired_keys", merchant.name);
            let retired = merchant.verifier.retired_public_keys();
            refuse_own_key(layers, &path, &retired, &own, &own_name)?;
        }
    }
    Ok(merchants)
}

fn read(layers: &Layers, name: &str) -> Result<Merchant, ConfigError> {
    let path = |key: &str| format!("merchants.{name}.{key}");
    let text = |key: &str| layers.text(&path(key)).map(|text| text.map(str::to_owned));

    let protocol: Protocol = match text("protocol")? {
        Some(word) => word.parse().map_err(|_| {
            layers.invalid(&path("protocol"), format!("{word:?} is not \"mapi\" or \"openapi\""))
        })?,
        None => {
            return Err(layers::missing(&path("protocol"), "required: \"mapi\" or \"openapi\""));
        }
    };
    let seller_id = text("seller_id")?;
    let app_id = text("app_id")?;
    match protocol {
        Protocol::Mapi if seller_id.is_none() => {
            return Err(layers::missing(&path("seller_id"), "required for protocol mapi"));
        }
        Protocol::Openapi if app_id.is_none() => {
            return Err(layers::missing(&path("app_id"), "required for protocol openapi"));
        }
        _ => {}
    }
    let sign_types = sign_types(layers, &path("sign_types"))?;
    let md5_key = secret::find(layers, &path("md5_key"), SecretForm::Word)?
        .map(|found| Md5Key::new(found.secret.expose_secret()));
    let (public_keys, keys_path) = public_keys(layers, &path("alipay_public_keys"))?;
    let md5_old_key = secret::find(layers, &path("md5_old_key"), SecretForm::Word)?;
    if let (Some(found), None) = (&md5_old_key, &md5_key) {
        return Err(layers.invalid(&found.path, "is set without md5_key"));
    }
    let md5_old_key = md5_old_key.map(|found| Md5Key::new(found.secret.expose_secret()));
    let md5_keys = md5_key.iter().chain(&md5_old_key).cloned().collect();
    let retired = retired_keys::read(layers, &path("retired_keys"), &sign_types)?;
    let retired_public_keys = retired_keys::public_keys(&retired);
    let verifier = Verifier::new(protocol, sign_types.clone(), md5_keys, public_keys.clone())
        .map_err(|error| match error {
            KeyError::NoKey { sign_type } => {
                let key = if sign_type == SignType::Md5 { "md5_key" } else { "alipay_public_keys" };
                layers::missing(&path(key), format!("required for sign type {sign_type}"))
            }
            KeyError::NoSignTypes => layers.invalid(&path("sign_types"), error.to_string()),
            KeyError::TooShort { .. } => {
                layers.invalid(&keys_path, format!("{error} for the sign types allowed"))
            }
            other => layers.invalid(&keys_path, other.to_string()),
        })?
        .with_retired(retired)
        .map_err(|error| layers.invalid(&path("retired_keys"), error.to_string()))?;
    let private_key = match secret::find(layers, &path("private_key"), SecretForm::Pem)? {
        Some(found) => Some(
            PrivateKey::read(found.secret.expose_secret())
                .map_err(|error| layers.invalid(&found.path, error.to_string()))?,
        ),
        None => None,
    };
    if let Some(private_key) = &private_key {
        let own = private_key.public_key();
        refuse_own_key(layers, &keys_path, &public_keys, &own, "private_key")?;
        let retired = path("retired_keys");
        refuse_own_key(layers, &retired, &retired_public_keys, &own, "private_key")?;
    }
    let owner = format!("merchants.{name}");
    let certificates = certificate_mode::read(
        layers,
        &owner,
        protocol,
        &public_keys,
        &keys_path,
        private_key.as_ref(),
    )?;
    if let Some(roots) = &certificates.alipay_root_cert {
        let keys_path = path("retired_keys");
        certificate_mode::check_retired(layers, &keys_path, &retired_public_keys, roots)?;
    }
    let charset = match text("charset")? {
        Some(word) => Charset::named(word.as_bytes()).ok_or_else(|| {
            let problem = format!("{word:?} is not \"utf-8\", \"gbk\" or \"gb18030\"");
            layers.invalid(&path("charset"), problem)
        })?,
        None => Charset::Utf8,
    };
    let gateway = match address(layers, &path("gateway"), &["https://", "http://"])? {
        Some(address) => address,
        None => match protocol {
            Protocol::Mapi => "https://mapi.alipay.com/gateway.do".to_owned(),
            Protocol::Openapi => "https://openapi.alipay.com/gateway.do".to_owned(),
        },
    };
    let keys = confirm::Keys {
        protocol,
        sign_types: &sign_types,
        has_md5_key: md5_key.is_some(),
        has_private_key: private_key.is_some(),
    };
    let confirm = confirm::read(layers, name, &keys)?;
    Ok(Merchant {
        name: name.to_owned(),
        protocol,
        partner: match protocol {
            Protocol::Mapi => text("partner")?.or_else(|| seller_id.clone()),
            Protocol::Openapi => text("partner")?,
        },
        seller_id,
        app_id,
        sign_types,
        verifier,
        md5_key,
        public_keys,
        private_key,
        app_cert: certificates.app_cert,
        alipay_root_cert: certificates.alipay_root_cert,
        app_auth_token: app_auth_token(layers, &path("app_auth_token"), protocol)?,
        charset,
        ignore_params: layers.names(&path("ignore_params"))?,
        notify_verify: policy::notify_verify(layers, &path("notify_verify"), protocol)?,
        late_payment: policy::late_payment(layers, &path("late_payment"))?,
        confirm,
        longest_time_to_pay: layers.optional_duration(&path("longest_time_to_pay")),
        gateway,
        return_to: address(layers, &path("return_to"), &["https://", "http://", "/"])?,
    })
}

/// The key that sets Alipay's public keys.
fn keys_path(layers: &Layers, name: &str) -> String {
    let path = format!("merchants.{name}.alipay_public_keys");
    if layers.texts(&path).is_some() { path } else { format!("{path}_file") }
}

fn sign_types(layers: &Layers, path: &str) -> Result<Vec<SignType>, ConfigError> {
    let choice = "one or more of \"MD5\", \"RSA\", \"RSA2\"";
    let Some(words) = layers.texts(path) else {
        return Err(layers::missing(path, format!("required: {choice}")));
    };
    if words.is_empty() {
        return Err(layers.invalid(path, format!("is empty, expected {choice}")));
    }
    let mut sign_types = Vec::new();
    for word in words {
        let sign_type: SignType =
            word.parse().map_err(|_| layers.invalid(path, format!("{word:?} is not {choice}")))?;
        if sign_types.contains(&sign_type) {
            return Err(layers.invalid(path, format!("names {word:?} twice")));
        }
        sign_types.push(sign_type);
    }
    Ok(sign_types)
}

/// The public keys, and the path of the configuration key that gave them.
fn public_keys(layers: &Layers, path: &str) -> Result<(Vec<PublicKey>, String), ConfigError> {
    let file_path = format!("{path}_file");
    let (given, path) = match (layers.texts(path), layers.texts(&file_path)) {
        (Some(texts), _) => (texts.to_vec(), path.to_owned()),
        (None, Some(files)) => {
            let texts = files.iter().map(|file| {
                let secret = secret::read_file(layers, &file_path, file, SecretForm::Pem)?;
                Ok(secret.expose_secret().to_owned())
            });
            (texts.collect::<Result<_, _>>()?, file_path)
        }
        (None, None) => return Ok((Vec::new(), path.to_owned())),
    };
    let keys = given.iter().enumerate().map(|(at, text)| {
        PublicKey::read(text)
            .map_err(|error| layers.invalid(&path, format!("key number {}: {error}", at + 1)))
    });
    let keys = keys.collect::<Result<_, _>>()?;
    Ok((keys, path))
}

/// The console shows two public keys side by side, and the wrong one is taken easily. Then every message of
/// the merchant's own programs would pass for Alipay's.
fn refuse_own_key(
    layers: &Layers,
    path: &str,
    public_keys: &[PublicKey],
    own: &PublicKey,
    own_name: &str,
) -> Result<(), ConfigError> {
    let Some(at) = public_keys.iter().position(|key| key == own) else { return Ok(()) };
    let problem = format!(
        "key number {} is the merchant's own public key, that of {own_name}. Alipay's is the other one on the same page: \
         \"Alipay public key\" (支付宝公钥, not 应用公钥) at open.alipay.com, the application's development settings, \
         signature of the interfaces (开发设置 › 接口加签方式 › 查看); for mapi at the merchant's key management \
         (密钥管理 › mapi网关产品密钥); in certificate mode in the file alipayCertPublicKey_RSA2.crt",
        at + 1
    );
    Err(layers.invalid(path, problem))
}

fn app_auth_token(
    layers: &Layers,
    path: &str,
    protocol: Protocol,
) -> Result<Option<Secret>, ConfigError> {
    let Some(found) = secret::find(layers, path, SecretForm::Word)? else { return Ok(None) };
    if protocol != Protocol::Openapi {
        return Err(layers.invalid(&found.path, "is for protocol openapi"));
    }
    Ok(Some(found.secret))
}

fn address(layers: &Layers, path: &str, begins: &[&str]) -> Result<Option<String>, ConfigError> {
    let Some(text) = layers.text(path)? else { return Ok(None) };
    if !begins.iter().any(|begin| text.starts_with(begin)) {
        let problem = format!("{text:?} does not begin with {}", begins.join(" or "));
        return Err(layers.invalid(path, problem));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let problem = format!("{text:?} has a character that must be percent-encoded");
        return Err(layers.invalid(path, problem));
    }
    if let Err(error) = text.parse::<hyper::Uri>() {
        return Err(layers.invalid(path, format!("{text:?} is not an address: {error}")));
    }
    Ok(Some(text.to_owned()))
}

//! A merchant's section, read: files opened, keys checked.

use alipay::{Charset, KeyError, Md5Key, PrivateKey, Protocol, SignType, Verifier};

use super::{
    Merchant, MerchantKeys, NotifyVerifyPolicy, certificate_mode, confirm, public_keys,
    retired_keys,
};
use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::{self, Layers};
use crate::secret::{self, Secret};
use crate::stray::SecretForm;

/// Reads the merchant `name`. `queries` is `worker.queries`.
pub(crate) fn read(
    layers: &Layers,
    name: &str,
    keys: &MerchantKeys,
    queries: bool,
) -> Result<Merchant, ConfigError> {
    let path = |key: &str| format!("merchants.{name}.{key}");
    let secret = |key: &str, text: &Option<Secret>, file: &Option<LineText>, form| {
        secret::find(layers, &path(key), text.as_ref(), file.as_ref(), form)
    };
    let text = |line: &Option<LineText>| line.as_ref().map(|line| line.to_string());

    let protocol = protocol(layers, &path("protocol"), keys)?;
    match protocol {
        Protocol::Mapi if keys.seller_id.is_none() => {
            return Err(layers::missing(&path("seller_id"), "required for protocol mapi"));
        }
        Protocol::Openapi if keys.app_id.is_none() => {
            return Err(layers::missing(&path("app_id"), "required for protocol openapi"));
        }
        _ => {}
    }
    let sign_types = sign_types(layers, &path("sign_types"), keys)?;
    let md5_key = secret("md5_key", &keys.md5_key, &keys.md5_key_file, SecretForm::Word)?;
    let md5_old_key =
        secret("md5_old_key", &keys.md5_old_key, &keys.md5_old_key_file, SecretForm::Word)?;
    if let (Some(found), None) = (&md5_old_key, &md5_key) {
        return Err(layers.invalid(&found.path, "is set without md5_key"));
    }
    let [md5_key, md5_old_key] = [md5_key, md5_old_key]
        .map(|found| found.map(|found| Md5Key::new(found.secret.expose_secret())));
    let (public_keys, keys_path) = public_keys::read(layers, name, keys)?;
    let md5_keys = md5_key.iter().chain(&md5_old_key).cloned().collect();
    let retired =
        retired_keys::read(layers, &path("retired_keys"), &keys.retired_keys, &sign_types)?;
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
    let private_key =
        match secret("private_key", &keys.private_key, &keys.private_key_file, SecretForm::Pem)? {
            Some(found) => Some(
                PrivateKey::read(found.secret.expose_secret())
                    .map_err(|error| layers.invalid(&found.path, error.to_string()))?,
            ),
            None => None,
        };
    let token = secret(
        "app_auth_token",
        &keys.app_auth_token,
        &keys.app_auth_token_file,
        SecretForm::Word,
    )?;
    if let Some(found) = token.as_ref().filter(|_| protocol != Protocol::Openapi) {
        return Err(layers.invalid(&found.path, "is for protocol openapi"));
    }
    // A setting that promises a check must not be taken and then ignored.
    if keys.notify_verify != NotifyVerifyPolicy::Off && protocol != Protocol::Mapi {
        let word: &str = keys.notify_verify.into();
        let problem = format!("{word:?} is for protocol mapi: openapi has no such query");
        return Err(layers.invalid(&path("notify_verify"), problem));
    }
    let seller_id = text(&keys.seller_id);
    let merchant = Merchant {
        name: name.to_owned(),
        protocol,
        partner: match protocol {
            Protocol::Mapi => text(&keys.partner).or_else(|| seller_id.clone()),
            Protocol::Openapi => text(&keys.partner),
        },
        seller_id,
        app_id: text(&keys.app_id),
        sign_types,
        verifier,
        md5_key,
        public_keys,
        private_key,
        app_cert: None,
        alipay_root_cert: None,
        app_auth_token: token.map(|found| found.secret),
        charset: charset(layers, &path("charset"), keys)?,
        ignore_params: keys.ignore_params.iter().map(|name| name.to_string()).collect(),
        notify_verify: keys.notify_verify,
        late_payment: keys.late_payment,
        confirm: keys.confirm,
        longest_time_to_pay: keys.longest_time_to_pay.map(|longest| longest.0),
        gateway: gateway(layers, &path("gateway"), keys, protocol)?,
        return_to: address(
            layers,
            &path("return_to"),
            keys.return_to.as_ref(),
            &["https://", "http://", "/"],
        )?,
    };
    if let Some(private_key) = &merchant.private_key {
        public_keys::refuse_own(layers, &merchant, &private_key.public_key(), "private_key")?;
    }
    confirm::check(layers, &merchant, queries)?;
    certificate_mode::read(layers, merchant, keys, &keys_path)
}

fn protocol(layers: &Layers, path: &str, keys: &MerchantKeys) -> Result<Protocol, ConfigError> {
    let Some(word) = keys.protocol.as_deref() else {
        return Err(layers::missing(path, "required: \"mapi\" or \"openapi\""));
    };
    word.parse()
        .map_err(|_| layers.invalid(path, format!("{word:?} is not \"mapi\" or \"openapi\"")))
}

fn sign_types(
    layers: &Layers,
    path: &str,
    keys: &MerchantKeys,
) -> Result<Vec<SignType>, ConfigError> {
    let choice = "one or more of \"MD5\", \"RSA\", \"RSA2\"";
    let Some(words) = &keys.sign_types else {
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

fn charset(layers: &Layers, path: &str, keys: &MerchantKeys) -> Result<Charset, ConfigError> {
    let Some(word) = keys.charset.as_deref() else { return Ok(Charset::Utf8) };
    Charset::named(word.as_bytes()).ok_or_else(|| {
        layers.invalid(path, format!("{word:?} is not \"utf-8\", \"gbk\" or \"gb18030\""))
    })
}

fn gateway(
    layers: &Layers,
    path: &str,
    keys: &MerchantKeys,
    protocol: Protocol,
) -> Result<String, ConfigError> {
    let address = address(layers, path, keys.gateway.as_ref(), &["https://", "http://"])?;
    Ok(address.unwrap_or_else(|| match protocol {
        Protocol::Mapi => "https://mapi.alipay.com/gateway.do".to_owned(),
        Protocol::Openapi => "https://openapi.alipay.com/gateway.do".to_owned(),
    }))
}

fn address(
    layers: &Layers,
    path: &str,
    line: Option<&LineText>,
    begins: &[&str],
) -> Result<Option<String>, ConfigError> {
    let Some(text) = line else { return Ok(None) };
    let text: &str = text;
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

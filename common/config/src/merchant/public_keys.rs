//! `merchants.NAME.alipay_public_keys`.

use alipay::PublicKey;

use super::{Merchant, MerchantKeys};
use crate::error::ConfigError;
use crate::layers::Layers;
use crate::secret;
use crate::stray::SecretForm;

/// The public keys, and the path of the configuration key that gave them.
pub(super) fn read(
    layers: &Layers,
    merchant: &str,
    keys: &MerchantKeys,
) -> Result<(Vec<PublicKey>, String), ConfigError> {
    let path = path(layers, merchant);
    let given = match (&keys.alipay_public_keys, &keys.alipay_public_keys_file) {
        (Some(texts), _) => texts.clone(),
        (None, Some(files)) => {
            let texts = files.0.iter().map(|file| {
                let secret = secret::read_file(layers, &path, file, SecretForm::Pem)?;
                Ok(secret.expose_secret().to_owned())
            });
            texts.collect::<Result<_, _>>()?
        }
        (None, None) => Vec::new(),
    };
    let keys = given.iter().enumerate().map(|(at, text)| {
        PublicKey::read(text)
            .map_err(|error| layers.invalid(&path, format!("key number {}: {error}", at + 1)))
    });
    Ok((keys.collect::<Result<_, _>>()?, path))
}

/// The key that sets Alipay's public keys of this merchant.
fn path(layers: &Layers, merchant: &str) -> String {
    let path = format!("merchants.{merchant}.alipay_public_keys");
    let file = format!("{path}_file");
    if layers.is_set(&file) { file } else { path }
}

/// Refuses a merchant with `own`, the public key of a merchant's `private_key`, among Alipay's keys, current or retired. The
/// console shows two public keys side by side, and the wrong one is taken easily. Then every message of the merchant's own
/// programs would pass for Alipay's.
pub(super) fn refuse_own(
    layers: &Layers,
    merchant: &Merchant,
    own: &PublicKey,
    own_name: &str,
) -> Result<(), ConfigError> {
    let retired_path = format!("merchants.{}.retired_keys", merchant.name);
    let retired = merchant.verifier.retired_public_keys();
    for (path, keys) in
        [(path(layers, &merchant.name), &merchant.public_keys), (retired_path, &retired)]
    {
        let Some(at) = keys.iter().position(|key| key == own) else { continue };
        let problem = format!(
            "key number {} is the merchant's own public key, that of {own_name}. Alipay's is the other one on the same page: \
             \"Alipay public key\" (支付宝公钥, not 应用公钥) at open.alipay.com, the application's development settings, \
             signature of the interfaces (开发设置 › 接口加签方式 › 查看); for mapi at the merchant's key management \
             (密钥管理 › mapi网关产品密钥); in certificate mode in the file alipayCertPublicKey_RSA2.crt",
            at + 1
        );
        return Err(layers.invalid(&path, problem));
    }
    Ok(())
}

//! Certificate mode of the Open Platform: `app_cert` and `alipay_root_cert`.
//!
//! Nothing here depends on the clock: a program must start at night, when a certificate has just ended.
//! What is out of date is refused where it is used, and logged by [`crate::certificates`].

use alipay::{Certificate, CertificateError, KeyError, Protocol, PublicKey, RootCertificates};

use super::{Merchant, MerchantKeys};
use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::{self, Layers};
use crate::secret::{self, Secret};
use crate::stray::SecretForm;

/// Adds both sides' certificates, besides Alipay's own in `alipay_public_keys`, and checks them against the merchant's keys.
/// `keys_path` is the path of Alipay's keys.
pub(super) fn read(
    layers: &Layers,
    merchant: Merchant,
    keys: &MerchantKeys,
    keys_path: &str,
) -> Result<Merchant, ConfigError> {
    let path = |key: &str| format!("merchants.{}.{key}", merchant.name);
    let (app_path, roots_path) = (path("app_cert"), path("alipay_root_cert"));
    let app = found(
        layers,
        &app_path,
        merchant.protocol,
        (&keys.app_cert, &keys.app_cert_file),
        Certificate::read,
    )?;
    let roots = found(
        layers,
        &roots_path,
        merchant.protocol,
        (&keys.alipay_root_cert, &keys.alipay_root_cert_file),
        RootCertificates::read,
    )?;
    if let (Some((app, path)), Some(private_key)) = (&app, &merchant.private_key)
        && app.public_key() != private_key.public_key()
    {
        let problem = "is not the certificate of this merchant's private_key: take the two of one application";
        return Err(layers.invalid(path, problem));
    }
    match &roots {
        Some((roots, _)) => {
            check_alipays(layers, keys_path, &merchant.public_keys, roots)?;
            let retired = merchant.verifier.retired_public_keys();
            check_retired(layers, &path("retired_keys"), &retired, roots)?;
        }
        // Requests carry the numbers of both.
        None if app.is_some() => {
            return Err(layers::missing(&roots_path, "required beside app_cert"));
        }
        None => {}
    }
    let (app_cert, alipay_root_cert) = (app.map(|(app, _)| app), roots.map(|(roots, _)| roots));
    Ok(Merchant { app_cert, alipay_root_cert, ..merchant })
}

/// An error unless the certificates among keys that are retired were issued by one of the roots. A key
/// of before the change to certificates is in none.
fn check_retired(
    layers: &Layers,
    path: &str,
    public_keys: &[PublicKey],
    roots: &RootCertificates,
) -> Result<(), ConfigError> {
    for certificate in public_keys.iter().filter_map(PublicKey::certificate) {
        roots.check_issuer(certificate).map_err(|error| layers.invalid(path, error.to_string()))?;
    }
    Ok(())
}

/// A value with the path of the key that gave it.
fn found<T>(
    layers: &Layers,
    path: &str,
    protocol: Protocol,
    (text, file): (&Option<String>, &Option<LineText>),
    read: fn(&str) -> Result<T, KeyError>,
) -> Result<Option<(T, String)>, ConfigError> {
    let text = text.as_deref().map(Secret::new);
    let found = secret::find(layers, path, text.as_ref(), file.as_ref(), SecretForm::Pem)?;
    let Some(found) = found else { return Ok(None) };
    if protocol != Protocol::Openapi {
        let problem = "is for protocol openapi: mapi has no certificates";
        return Err(layers.invalid(&found.path, problem));
    }
    let value = read(found.secret.expose_secret())
        .map_err(|error| layers.invalid(&found.path, error.to_string()))?;
    Ok(Some((value, found.path)))
}

/// An error unless every key of Alipay is in a certificate that was issued by one of the roots.
fn check_alipays(
    layers: &Layers,
    keys_path: &str,
    public_keys: &[PublicKey],
    roots: &RootCertificates,
) -> Result<(), ConfigError> {
    for (at, key) in public_keys.iter().enumerate() {
        let number = at + 1;
        let Some(certificate) = key.certificate() else {
            let problem = format!(
                "key number {number} is a public key, and with alipay_root_cert each must be a certificate: \
                 take the file that the console calls alipayCertPublicKey_RSA2.crt"
            );
            return Err(layers.invalid(keys_path, problem));
        };
        roots.check_issuer(certificate).map_err(|error| {
            let what_to_do = match error {
                CertificateError::UnknownIssuer { .. } => {
                    "; if the file holds one certificate alone, append that of its issuer, else take the \
                     roots (alipayRootCert.crt) from the same page"
                }
                _ => "",
            };
            layers.invalid(keys_path, format!("key number {number}: {error}{what_to_do}"))
        })?;
    }
    Ok(())
}

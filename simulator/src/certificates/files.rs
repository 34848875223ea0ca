//! Certificates as files, under the names that Alipay gives them.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{Authority, ValidTime};
use crate::KeysError;
use crate::keys::write_new;

/// Makes an authority, two certificates of Alipay and one of the application, all valid for so
/// many days, and writes them into a folder, which is made if need be. The authority's own keys
/// are forgotten. Files that exist are kept.
///
/// # Errors
/// [`KeysError`], also when one of the files exists.
pub fn write_certificates(
    folder: &Path,
    app_id: &str,
    days: i64,
    at: DateTime<Utc>,
) -> Result<Vec<PathBuf>, KeysError> {
    let valid = ValidTime::days(days, at);
    let authority = Authority::new(at)?;
    let (alipay, next) = (authority.alipay(valid)?, authority.alipay(valid)?);
    let app = authority.app(app_id, valid)?;
    fs::create_dir_all(folder)
        .map_err(|source| KeysError::File { path: folder.to_owned(), source })?;
    let files = [
        // What the simulator signs with.
        ("alipay_private.pem", &alipay.private_pem, 0o600),
        // Alipay's certificate and its intermediate: the merchant's alipay_public_keys.
        ("alipayCertPublicKey_RSA2.crt", &alipay.bundle_pem, 0o644),
        // For the day on which Alipay changes its certificate.
        ("alipay_next_private.pem", &next.private_pem, 0o600),
        ("alipayCertPublicKey_RSA2_next.crt", &next.bundle_pem, 0o644),
        // The merchant's private_key, app_cert and alipay_root_cert.
        ("app_private.pem", &app.private_pem, 0o600),
        ("appCertPublicKey.crt", &app.pem, 0o644),
        ("alipayRootCert.crt", &authority.roots_pem(), 0o644),
    ];
    let write = |(name, text, mode): (&str, &String, u32)| {
        let path = folder.join(name);
        write_new(&path, text, mode).map(|()| path)
    };
    files.into_iter().map(write).collect()
}

//! Certificates as files, under the names that Alipay gives them.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{Authority, ValidTime};
use crate::KeysError;
use crate::keys::write_new;

/// What [`CertificateFiles::write`] wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    /// Alipay's private key: what the simulator signs with.
    pub alipay_private: PathBuf,
    /// Alipay's certificate and its intermediate: what the merchant configures as
    /// `alipay_public_keys`.
    pub alipay: PathBuf,
    /// Another key of Alipay, for the day on which it changes its certificate.
    pub next_private: PathBuf,
    /// The certificate of that key.
    pub next: PathBuf,
    /// The application's private key: what the merchant configures as `private_key`.
    pub app_private: PathBuf,
    /// The application's certificate: `app_cert`.
    pub app: PathBuf,
    /// The roots: `alipay_root_cert`.
    pub roots: PathBuf,
}

impl CertificateFiles {
    /// Makes an authority, two certificates of Alipay and one of the application, all valid for so
    /// many days, and writes them into a folder, which is made if need be. The authority's own keys
    /// are forgotten. Files that exist are kept.
    ///
    /// # Errors
    /// [`KeysError`], also when one of the files exists.
    pub fn write(
        folder: &Path,
        app_id: &str,
        days: i64,
        at: DateTime<Utc>,
    ) -> Result<CertificateFiles, KeysError> {
        let valid = ValidTime::days(days, at);
        let authority = Authority::new(at)?;
        let (alipay, next) = (authority.alipay(valid)?, authority.alipay(valid)?);
        let app = authority.app(app_id, valid)?;
        fs::create_dir_all(folder)
            .map_err(|source| KeysError::File { path: folder.to_owned(), source })?;
        let write = |name: &str, text: &str, mode| {
            let path = folder.join(name);
            write_new(&path, text, mode).map(|()| path)
        };
        Ok(CertificateFiles {
            alipay_private: write("alipay_private.pem", &alipay.private_pem, 0o600)?,
            alipay: write("alipayCertPublicKey_RSA2.crt", &alipay.bundle_pem, 0o644)?,
            next_private: write("alipay_next_private.pem", &next.private_pem, 0o600)?,
            next: write("alipayCertPublicKey_RSA2_next.crt", &next.bundle_pem, 0o644)?,
            app_private: write("app_private.pem", &app.private_pem, 0o600)?,
            app: write("appCertPublicKey.crt", &app.pem, 0o644)?,
            roots: write("alipayRootCert.crt", &authority.roots_pem(), 0o644)?,
        })
    }

    /// All of them, in the order above.
    pub fn all(&self) -> [&Path; 7] {
        [
            &self.alipay_private,
            &self.alipay,
            &self.next_private,
            &self.next,
            &self.app_private,
            &self.app,
            &self.roots,
        ]
    }
}

//! `[database]`: where the database is, and whom to trust.

use rustls_pki_types::CertificateDer;

use crate::error::ConfigError;
use crate::layers::Layers;
use crate::{Secret, secret, tls};

/// `[database]`: MySQL or MariaDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// `mysql://USER:PASSWORD@HOST:PORT/SCHEMA`
    pub url: Secret,
    /// Who set it, for errors: `environment variable DATABASE_URL`, `database.url in /etc/alipay/alipay.toml`.
    pub source: String,
    /// Whether the line is encrypted.
    pub tls: DatabaseTls,
    /// The authorities that may sign the server's certificate; Mozilla's list when `None`.
    pub ca: Option<Vec<CertificateDer<'static>>>,
}

/// `database.tls`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseTls {
    /// In plain text.
    Off,
    /// Encrypted where the server offers it.
    Preferred,
    /// Encrypted, with a certificate that is verified.
    Required,
}

pub(super) fn read(layers: &Layers) -> Result<Database, ConfigError> {
    let url = secret::url(layers, "database.url", &["mysql://"])?;
    Ok(Database {
        url: url.secret,
        source: layers.origin(&url.path),
        tls: tls::database(layers)?,
        ca: tls::certificates(layers, "database.ca_file")?,
    })
}

//! `[database]`: where the database is, and whom to trust.

use rustls_pki_types::CertificateDer;

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::{self, Layers};
use crate::secret::{self, SecretUrl};
use crate::stray::SecretForm;
use crate::{Secret, tls};

/// The keys of `[database]`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [database]")]
pub(crate) struct DatabaseKeys {
    url: Option<SecretUrl>,
    url_file: Option<LineText>,
    tls: DatabaseTls,
    ca_file: Option<LineText>,
}

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatabaseTls {
    /// In plain text.
    Off,
    /// Encrypted where the server offers it.
    Preferred,
    /// Encrypted, with a certificate that is verified.
    Required,
}

pub(super) fn read(layers: &Layers, keys: &DatabaseKeys) -> Result<Database, ConfigError> {
    const PATH: &str = "database.url";
    let text = keys.url.as_ref().map(|url| &url.0);
    let Some(url) = secret::find(layers, PATH, text, keys.url_file.as_ref(), SecretForm::Url)?
    else {
        return Err(layers::missing(PATH, "is not set"));
    };
    if !url.secret.expose_secret().starts_with("mysql://") {
        return Err(layers.invalid(&url.path, "does not begin with mysql://"));
    }
    Ok(Database {
        source: url.origin(layers),
        url: url.secret,
        tls: keys.tls,
        ca: tls::certificates(layers, "database.ca_file", keys.ca_file.as_ref())?,
    })
}

//! Where the database is and how it is reached.

use std::fmt;
use std::time::Duration;

use super::address::{DatabaseAddress, UrlError};

/// Whether the connection to the database is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Tls {
    /// In plain text.
    Off,
    /// Encrypted where the server offers it, in plain text where it does not. The certificate is
    /// checked only where [`DatabaseSettings::ca`] is set: it protects against eavesdroppers, but not
    /// against an attacker who impersonates the server.
    #[default]
    Preferred,
    /// Encrypted, by a certificate that a known authority signed for the host's name.
    Required,
}

/// Where the database is and how it is reached.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `mysql://USER:PASSWORD@HOST:PORT/SCHEMA`; `?ssl_mode=…` and `?socket=PATH` may follow.
    pub url: String,
    /// Who set the URL, for errors: `environment variable DATABASE_URL`; none if it cannot be set.
    pub source: Option<String>,
    /// Unless the URL's `ssl_mode` asks for more.
    pub tls: Tls,
    /// Certificates of the authorities, DER. They replace the built-in ones (Mozilla's).
    pub ca: Option<Vec<Vec<u8>>>,
    /// The longest time that one call waits for its answer; none: forever. After it the connection is
    /// dropped and the server is asked to end the statement. The server itself ends a statement
    /// after a third of it (on MySQL: `SELECT` alone).
    pub timeout: Option<Duration>,
}

impl DatabaseSettings {
    /// This URL, [`Tls::Preferred`], without a limit of time.
    pub fn new(url: impl Into<String>) -> DatabaseSettings {
        DatabaseSettings {
            url: url.into(),
            source: None,
            tls: Tls::default(),
            ca: None,
            timeout: None,
        }
    }

    /// Whether the URL can be used, without connecting. A pool of settings that cannot be used never has a
    /// connection.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), UrlError> {
        DatabaseAddress::read(self).map(drop)
    }

    /// The same with a limit of time for each call.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> DatabaseSettings {
        DatabaseSettings { timeout: Some(timeout), ..self }
    }
}

impl From<&str> for DatabaseSettings {
    fn from(url: &str) -> DatabaseSettings {
        DatabaseSettings::new(url)
    }
}

impl From<&String> for DatabaseSettings {
    fn from(url: &String) -> DatabaseSettings {
        DatabaseSettings::new(url)
    }
}

/// Without the URL, which holds a password.
impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings")
            .field("tls", &self.tls)
            .field("ca", &self.ca.as_ref().map(Vec::len))
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

//! `[amqp]`: where the broker is, and whom to trust.

use super::error::ConfigError;
use super::layers::{self, Layers};
use super::tls::{self, ClientCertificate};
use super::{Secret, secret};

use rustls_pki_types::CertificateDer;

const URLS: &str = "amqp.urls";
const SCHEMES: [&str; 2] = ["amqp://", "amqps://"];

/// `[amqp]`: RabbitMQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amqp {
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps://...`, at least one; each may be several,
    /// separated by commas.
    pub urls: Vec<Secret>,
    /// The key that gave them: `amqp.url`, `amqp.url_file` or `amqp.urls`.
    pub key: String,
    /// Whom to trust with `amqps://`; the operating system's authorities when `None`.
    pub ca: Option<Vec<CertificateDer<'static>>>,
    /// As whom to appear with `amqps://`.
    pub client: Option<ClientCertificate>,
}

impl Amqp {
    /// A broker at a URL, or at several, separated by commas.
    pub fn at(urls: &str) -> Amqp {
        Amqp { urls: vec![Secret::new(urls)], key: "amqp.url".to_owned(), ca: None, client: None }
    }
}

pub(super) fn read(layers: &Layers) -> Result<Amqp, ConfigError> {
    let (urls, key) = match layers.texts(URLS) {
        Some(urls) => (urls.iter().map(|url| Secret::new(url.as_str())).collect(), URLS.to_owned()),
        None => match secret::find(layers, "amqp.url")? {
            Some(found) => (vec![found.secret], found.path),
            None => return Err(layers::missing("amqp.url", "is not set")),
        },
    };
    let urls: Vec<Secret> = urls;
    if urls.is_empty() {
        return Err(layers.invalid(&key, "names no broker"));
    }
    let begins = |url: &Secret| {
        SCHEMES.iter().any(|scheme| url.expose_secret().trim_start().starts_with(scheme))
    };
    if !urls.iter().all(begins) {
        return Err(layers.invalid(&key, format!("does not begin with {}", SCHEMES.join(" or "))));
    }
    Ok(Amqp {
        urls,
        key,
        ca: tls::certificates(layers, "amqp.ca_file")?,
        client: tls::client(layers, "amqp.client_cert_file", "amqp.client_key_file")?,
    })
}

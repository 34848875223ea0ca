//! `[amqp]`: where the broker is, and whom to trust.

use crate::error::ConfigError;
use crate::layers::{self, Layers};
use crate::stray::SecretForm;
use crate::tls::{self, ClientCertificate};
use crate::{Secret, secret};

use rustls_pki_types::CertificateDer;

const URLS: &str = "amqp.urls";
const USER_ID: &str = "amqp.user_id";
const SCHEMES: [&str; 2] = ["amqp://", "amqps://"];

/// `[amqp]`: RabbitMQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amqp {
    /// `amqp://USER:PASSWORD@HOST:PORT/VHOST` or `amqps://...`, at least one; each may be several,
    /// separated by commas.
    pub urls: Vec<Secret>,
    /// The key that gave them: `amqp.url`, `amqp.url_file` or `amqp.urls`.
    pub key: String,
    /// Who set that key, for errors: `environment variable AMQP_URL`, `amqp.url in /etc/alipay/alipay.toml`.
    pub source: String,
    /// Whom to trust with `amqps://`; the operating system's authorities when `None`.
    pub ca: Option<Vec<CertificateDer<'static>>>,
    /// As whom to appear with `amqps://`.
    pub client: Option<ClientCertificate>,
    /// RabbitMQ's management API, with user and password.
    pub management_url: Option<Secret>,
    /// Whether messages carry the URL's user as their `user_id`.
    pub user_id: bool,
    /// From whom workers believe messages; from everybody when `None`.
    pub publishers: Option<Publishers>,
}

/// The accounts at the broker, by program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publishers {
    /// `amqp.ingress_users`
    pub ingress: Vec<String>,
    /// `amqp.worker_users`
    pub worker: Vec<String>,
    /// `amqp.ops_users`
    pub ops: Vec<String>,
}

impl Amqp {
    /// A broker at a URL, or at several, separated by commas.
    pub fn at(urls: &str) -> Amqp {
        Amqp {
            urls: vec![Secret::new(urls)],
            key: "amqp.url".to_owned(),
            source: "a URL of the program".to_owned(),
            ca: None,
            client: None,
            management_url: None,
            user_id: true,
            publishers: None,
        }
    }
}

pub(super) fn read(layers: &Layers) -> Result<Amqp, ConfigError> {
    let (urls, key) = match layers.texts(URLS) {
        Some(urls) => {
            let trimmed = urls.iter().map(|url| SecretForm::Url.trim(url).map(Secret::new));
            let trimmed: Result<_, String> = trimmed.collect();
            (trimmed.map_err(|problem| layers.invalid(URLS, problem))?, URLS.to_owned())
        }
        None => match secret::find(layers, "amqp.url", SecretForm::Url)? {
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
        source: layers.origin(&key),
        key,
        ca: tls::certificates(layers, "amqp.ca_file")?,
        client: tls::client(layers, "amqp.client_cert_file", "amqp.client_key_file")?,
        management_url: management_url(layers)?,
        user_id: layers.switch(USER_ID)?,
        publishers: publishers(layers)?,
    })
}

fn management_url(layers: &Layers) -> Result<Option<Secret>, ConfigError> {
    let Some(found) = secret::find(layers, "amqp.management_url", SecretForm::Url)? else {
        return Ok(None);
    };
    let url = found.secret.expose_secret();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(layers.invalid(&found.path, "does not begin with http:// or https://"));
    }
    Ok(Some(found.secret))
}

fn publishers(layers: &Layers) -> Result<Option<Publishers>, ConfigError> {
    let keys = ["amqp.ingress_users", "amqp.worker_users", "amqp.ops_users"];
    let [ingress, worker, ops] = keys;
    let lists = [layers.names(ingress)?, layers.names(worker)?, layers.names(ops)?];
    let Some(set) = lists.iter().position(|list| !list.is_empty()) else { return Ok(None) };
    if let Some(unset) = lists.iter().position(Vec::is_empty) {
        let problem =
            format!("is set and {} is not: that program's messages would be refused", keys[unset]);
        return Err(layers.invalid(keys[set], problem));
    }
    if !layers.switch(USER_ID)? {
        let problem =
            "is checked against user_id, which messages do not carry: amqp.user_id is false";
        return Err(layers.invalid(keys[set], problem));
    }
    let [ingress, worker, ops] = lists;
    Ok(Some(Publishers { ingress, worker, ops }))
}

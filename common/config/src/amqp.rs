//! `[amqp]`: where the broker is, and whom to trust.

use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};

use crate::Secret;
use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::{self, Layers};
use crate::secret::{self, SecretUrl};
use crate::stray::SecretForm;
use crate::tls::{self, ClientCertificate};

const SCHEMES: [&str; 2] = ["amqp://", "amqps://"];

/// The keys of `[amqp]`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [amqp]")]
pub(crate) struct AmqpKeys {
    url: Option<SecretUrl>,
    url_file: Option<LineText>,
    urls: Option<Vec<SecretUrl>>,
    ca_file: Option<LineText>,
    client_cert_file: Option<LineText>,
    client_key_file: Option<LineText>,
    management_url: Option<SecretUrl>,
    management_url_file: Option<LineText>,
    user_id: bool,
    #[serde(default)]
    ingress_users: Vec<LineText>,
    #[serde(default)]
    worker_users: Vec<LineText>,
    #[serde(default)]
    ops_users: Vec<LineText>,
}

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
    /// Which accounts may publish messages to workers; every account when `None`.
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

pub(super) fn read(layers: &Layers, keys: &AmqpKeys) -> Result<Amqp, ConfigError> {
    let (urls, key, source) = urls(layers, keys)?;
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
        source,
        ca: tls::certificates(layers, "amqp.ca_file", keys.ca_file.as_ref())?,
        client: tls::client(
            layers,
            ("amqp.client_cert_file", keys.client_cert_file.as_ref()),
            ("amqp.client_key_file", keys.client_key_file.as_ref()),
        )?,
        management_url: management_url(layers, keys)?,
        user_id: keys.user_id,
        publishers: publishers(layers, keys)?,
    })
}

/// The URLs, the key that gave them, and who set it.
fn urls(layers: &Layers, keys: &AmqpKeys) -> Result<(Vec<Secret>, String, String), ConfigError> {
    const PATH: &str = "amqp.url";
    const LIST: &str = "amqp.urls";
    if let Some(urls) = &keys.urls {
        let trimmed = urls.iter().map(|url| SecretForm::Url.trim(url.0.expose_secret()));
        let urls: Result<Vec<_>, String> = trimmed.map(|url| url.map(Secret::new)).collect();
        let urls = urls.map_err(|problem| layers.invalid(LIST, problem))?;
        return Ok((urls, LIST.to_owned(), layers.origin(LIST)));
    }
    let text = keys.url.as_ref().map(|url| &url.0);
    match secret::find(layers, PATH, text, keys.url_file.as_ref(), SecretForm::Url)? {
        Some(found) => {
            let source = found.origin(layers);
            Ok((vec![found.secret], found.path, source))
        }
        None => Err(layers::missing(PATH, "is not set")),
    }
}

fn management_url(layers: &Layers, keys: &AmqpKeys) -> Result<Option<Secret>, ConfigError> {
    const PATH: &str = "amqp.management_url";
    let text = keys.management_url.as_ref().map(|url| &url.0);
    let file = keys.management_url_file.as_ref();
    let Some(found) = secret::find(layers, PATH, text, file, SecretForm::Url)? else {
        return Ok(None);
    };
    let url = found.secret.expose_secret();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(layers.invalid(&found.path, "does not begin with http:// or https://"));
    }
    Ok(Some(found.secret))
}

fn publishers(layers: &Layers, keys: &AmqpKeys) -> Result<Option<Publishers>, ConfigError> {
    let lists = [
        ("amqp.ingress_users", &keys.ingress_users),
        ("amqp.worker_users", &keys.worker_users),
        ("amqp.ops_users", &keys.ops_users),
    ];
    let Some((set, _)) = lists.iter().find(|(_, users)| !users.is_empty()) else {
        return Ok(None);
    };
    if let Some((unset, _)) = lists.iter().find(|(_, users)| users.is_empty()) {
        let problem =
            format!("is set and {unset} is not: that program's messages would be refused");
        return Err(layers.invalid(set, problem));
    }
    if !keys.user_id {
        let problem =
            "is checked against user_id, which messages do not carry: amqp.user_id is false";
        return Err(layers.invalid(set, problem));
    }
    let [ingress, worker, ops] =
        lists.map(|(_, users)| users.iter().map(|user| user.to_string()).collect());
    Ok(Some(Publishers { ingress, worker, ops }))
}

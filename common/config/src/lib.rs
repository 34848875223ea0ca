//! Configuration: one TOML file, every key also an environment variable.
//!
//! The reference of all keys is the file of defaults, which is compiled in: [`Config::reference`]. An
//! unknown key, a contradiction or an unusable key file is an error at start that names the key.

mod amqp;
mod certificate_mode;
pub mod certificates;
mod confirm;
mod database;
mod duration;
mod environment;
mod error;
mod exposed;
pub mod keys_in_use;
mod layers;
mod merchant;
mod network;
mod policy;
pub mod reload;
mod retired_keys;
mod schema;
mod secret;
mod shown;
mod signature_probe;
pub mod signature_remedy;
mod stray;
pub mod summary;
mod tls;
mod unnamed;
mod url_mistake;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use amqp::{Amqp, Publishers};
pub use confirm::Confirm;
pub use database::{Database, DatabaseTls};
pub use error::{ConfigError, Source};
pub use exposed::Exposed;
use layers::{Layer, Layers};
pub use merchant::{LatePayment, Merchant, NotifyVerify};
pub use network::Network;
pub use schema::nearest_of;
pub use secret::Secret;
pub use shown::Setting;
pub use tls::ClientCertificate;
pub use url_mistake::{ENCODE, url_mistake};

/// The configuration of all programs.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[database]`
    pub database: Database,
    /// `[amqp]`
    pub amqp: Amqp,
    /// `[ingress]`
    pub ingress: Ingress,
    /// `[worker]`
    pub worker: Worker,
    /// `[events]`
    pub events: Events,
    /// `[merchants.NAME]`, by name. May be empty: see [`Config::require_merchants`].
    pub merchants: BTreeMap<String, Merchant>,
    /// Files it was read from whose mode is too wide: see [`Config::check_files`].
    pub exposed: Vec<Exposed>,
}

/// `[ingress]`: the public endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ingress {
    /// Address of the public listener; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Address of `/livez`, `/readyz`, `/metrics`; off when `None`.
    pub admin_listen: Option<SocketAddr>,
    /// Largest body, in bytes.
    pub max_body: usize,
    /// Notifications that may wait for the broker at one time.
    pub max_in_flight: usize,
    /// Open connections.
    pub max_connections: usize,
    /// Open connections of one address that is neither loopback nor one of `trusted_proxies`.
    pub max_connections_per_peer: usize,
    /// Whose connections have no limit of their own and whose `X-Forwarded-For` is believed, beside
    /// loopback.
    pub trusted_proxies: Vec<Network>,
    /// Refused requests of one client and merchant in a minute; further ones are answered 429 unread.
    pub max_refused_per_minute: usize,
    /// Bytes that all bodies under way may hold together.
    pub max_body_memory: usize,
    /// How long a new connection may take to its first byte.
    pub first_byte_timeout: Duration,
    /// How long the broker may take to confirm.
    pub confirm_timeout: Duration,
    /// How long the headers of a request may take.
    pub header_timeout: Duration,
    /// How long the body of a request may take.
    pub body_timeout: Duration,
    /// Age at which a connection is closed.
    pub connection_timeout: Duration,
    /// How long a graceful stop may take.
    pub shutdown_timeout: Duration,
    /// How long the gateway may take to say whether it sent a notification.
    pub notify_verify_timeout: Duration,
    /// AMQP channels that publish side by side.
    pub lanes: usize,
    /// Whether to end when the account at the broker may do more than it needs to.
    pub least_privilege: bool,
}

/// `[worker]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Largest number of messages in one transaction.
    pub batch: usize,
    /// Batches under way at one time.
    pub lanes: usize,
    /// How long the database may take to answer one statement.
    pub database_timeout: Duration,
    /// Whether the gateway is asked about orders that are unpaid, silent or in doubt.
    pub queries: bool,
    /// Age at which the gateway is asked about an order that is not paid.
    pub query_unpaid_after: Duration,
    /// Time without news after which the gateway is asked about an order that is not finished.
    pub query_silent_after: Duration,
    /// How long one question to the gateway may take.
    pub query_timeout: Duration,
    /// How long smaller orders may pass an order that waits for stock.
    pub stock_overtake_limit: Duration,
    /// Address of `/livez`, `/readyz`, `/metrics`; off when `None`.
    pub admin_listen: Option<SocketAddr>,
}

/// `[events]`: what the shop can listen to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// Whether order events are published.
    pub enabled: bool,
}

impl Config {
    /// Loads the configuration: defaults, then the file (`file`, else `ALIPAY_CONFIG`, else `./alipay.toml`
    /// where it is there, which is logged), then the environment.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        Config::load_from(unnamed::or_found(file), std::env::vars_os())
    }

    /// [`Config::load`] with these environment variables instead of the process's own.
    pub fn load_from(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Config, ConfigError> {
        let layers = layers(file, &variables.into_iter().collect::<Vec<_>>())?;
        let config = read_sections(&layers)?;
        let merchants = merchant::read_all(&layers)?;
        // Last: reading the keys has found them.
        Ok(Config { merchants, exposed: layers.all_exposed(), ..config })
    }

    /// Loads the configuration as [`Config::load`] does, and does not end with the first problem: one is told of each
    /// merchant, and one of all other sections.
    pub fn examine(file: Option<&Path>) -> Examined {
        let file = unnamed::or_found(file);
        let layers = match layers(file, &std::env::vars_os().collect::<Vec<_>>()) {
            Ok(layers) => layers,
            Err(problem) => {
                return Examined { config: None, problems: vec![problem], ..Examined::default() };
            }
        };
        let (merchants, mut problems) = merchant::read_each(&layers);
        let sections = read_sections(&layers).map_err(|problem| problems.insert(0, problem)).ok();
        if let Some(config) =
            sections.as_ref().filter(|_| merchants.is_empty() && problems.is_empty())
        {
            problems.extend(config.require_merchants().err());
        }
        let exposed = layers.all_exposed();
        let config = sections.filter(|_| problems.is_empty());
        let config = config.map(|it| Config { merchants: merchants.clone(), exposed, ..it });
        Examined { config, merchants, problems, set_sections: layers.set_sections() }
    }

    /// What [`Config::load`] reads, key by key, with where each value comes from; no secret is in it.
    pub fn shown(file: Option<&Path>) -> Result<Vec<Setting>, ConfigError> {
        Config::shown_from(unnamed::or_found(file), std::env::vars_os())
    }

    /// [`Config::shown`] with these environment variables instead of the process's own.
    pub fn shown_from(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Vec<Setting>, ConfigError> {
        let variables: Vec<_> = variables.into_iter().collect();
        let layers = layers(file, &variables)?;
        read_sections(&layers)?;
        let merchants = merchant::read_all(&layers)?;
        let text = match named(file, &variables) {
            Some(path) => std::fs::read_to_string(&path)
                .map_err(|error| ConfigError::File { path: path.clone(), error })?,
            None => String::new(),
        };
        Ok(shown::settings(&layers, &merchants, &text))
    }

    /// The defaults file: every key with its default and what it means.
    pub fn reference() -> &'static str {
        layers::DEFAULTS
    }

    /// An error when no merchant is configured. For the programs that serve merchants; operators'
    /// commands do without.
    pub fn require_merchants(&self) -> Result<(), ConfigError> {
        if self.merchants.is_empty() { Err(ConfigError::NoMerchant) } else { Ok(()) }
    }

    /// Warns of files that others on this machine can read although they hold a secret, or change.
    ///
    /// # Errors
    /// With `strict`, [`ConfigError::Exposed`] for the first one.
    pub fn check_files(&self, strict: bool) -> Result<(), ConfigError> {
        match self.exposed.first() {
            Some(exposed) if strict => Err(ConfigError::Exposed { exposed: exposed.clone() }),
            _ => {
                for exposed in &self.exposed {
                    tracing::warn!("{exposed}");
                }
                Ok(())
            }
        }
    }

    /// The sections besides the merchants that say something else in the other configuration.
    pub fn changed_sections(&self, other: &Config) -> Vec<&'static str> {
        let changed = [
            ("database", self.database != other.database),
            ("amqp", self.amqp != other.amqp),
            ("ingress", self.ingress != other.ingress),
            ("worker", self.worker != other.worker),
            ("events", self.events != other.events),
        ];
        changed.into_iter().filter_map(|(section, changed)| changed.then_some(section)).collect()
    }

    /// The merchant of this name, byte for byte.
    pub fn merchant(&self, name: &str) -> Option<&Merchant> {
        self.merchants.get(name)
    }

    /// The merchant, when exactly one is configured.
    pub fn only_merchant(&self) -> Option<&Merchant> {
        let mut all = self.merchants.values();
        all.next().filter(|_| all.next().is_none())
    }
}

/// What [`Config::examine`] found.
#[derive(Debug, Default)]
pub struct Examined {
    /// The configuration, where there is no problem.
    pub config: Option<Config>,
    /// The merchants that can be read.
    pub merchants: BTreeMap<String, Merchant>,
    /// What is wrong.
    pub problems: Vec<ConfigError>,
    /// The sections of which the file or the environment sets a key.
    pub set_sections: BTreeSet<String>,
}

/// The file that is named by the caller, else by `ALIPAY_CONFIG`.
fn named(file: Option<&Path>, variables: &[(OsString, OsString)]) -> Option<PathBuf> {
    let named = variables.iter().find(|(name, value)| name == "ALIPAY_CONFIG" && !value.is_empty());
    file.map(PathBuf::from).or_else(|| named.map(|(_, path)| PathBuf::from(path)))
}

/// Defaults, file and environment, on top of each other.
fn layers(file: Option<&Path>, variables: &[(OsString, OsString)]) -> Result<Layers, ConfigError> {
    let file = named(file, variables);
    let folder = file.as_deref().and_then(Path::parent).map(Path::to_owned);
    let mut layers = Layers::new(folder.unwrap_or_default())?;
    if let Some(path) = file {
        let unreadable = |error| ConfigError::File { path: path.clone(), error };
        let text = std::fs::read_to_string(&path).map_err(unreadable)?;
        let layer = Layer::from_toml(&text, &Source::File(path.clone()))?;
        let metadata = std::fs::metadata(&path).map_err(unreadable)?;
        if let Some(exposed) = exposed::look(&path, &metadata, layer.holds_secret()) {
            layers.exposed(exposed);
        }
        layers.put(layer)?;
    }
    let configured: Vec<String> = layers.merchants().map(str::to_owned).collect();
    for layer in environment::layers(variables, &configured)? {
        layers.put(layer)?;
    }
    Ok(layers)
}

/// Everything but the merchants.
fn read_sections(layers: &Layers) -> Result<Config, ConfigError> {
    let listen = "ingress.listen";
    Ok(Config {
        database: database::read(layers)?,
        amqp: amqp::read(layers)?,
        ingress: Ingress {
            listen: layers
                .address(listen)
                .ok_or_else(|| layers.invalid(listen, "the public listener cannot be off"))?,
            admin_listen: layers.address("ingress.admin_listen"),
            max_body: layers.number("ingress.max_body")?,
            max_in_flight: layers.number("ingress.max_in_flight")?,
            max_connections: layers.number("ingress.max_connections")?,
            max_connections_per_peer: layers.number("ingress.max_connections_per_peer")?,
            trusted_proxies: network::read(layers, "ingress.trusted_proxies")?,
            max_refused_per_minute: layers.number("ingress.max_refused_per_minute")?,
            max_body_memory: body_memory(layers)?,
            first_byte_timeout: layers.duration("ingress.first_byte_timeout")?,
            confirm_timeout: layers.duration("ingress.confirm_timeout")?,
            header_timeout: layers.duration("ingress.header_timeout")?,
            body_timeout: layers.duration("ingress.body_timeout")?,
            connection_timeout: layers.duration("ingress.connection_timeout")?,
            shutdown_timeout: layers.duration("ingress.shutdown_timeout")?,
            notify_verify_timeout: layers.duration("ingress.notify_verify_timeout")?,
            lanes: layers.number("ingress.lanes")?,
            least_privilege: layers.switch("ingress.least_privilege")?,
        },
        worker: Worker {
            batch: layers.number("worker.batch")?,
            lanes: layers.number("worker.lanes")?,
            database_timeout: layers.duration("worker.database_timeout")?,
            queries: layers.switch("worker.queries")?,
            query_unpaid_after: layers.duration("worker.query_unpaid_after")?,
            query_silent_after: layers.duration("worker.query_silent_after")?,
            query_timeout: layers.duration("worker.query_timeout")?,
            stock_overtake_limit: layers.duration("worker.stock_overtake_limit")?,
            admin_listen: layers.address("worker.admin_listen"),
        },
        events: Events { enabled: layers.switch("events.enabled")? },
        merchants: BTreeMap::new(),
        exposed: Vec::new(),
    })
}

/// A body of the largest size must fit.
fn body_memory(layers: &Layers) -> Result<usize, ConfigError> {
    const PATH: &str = "ingress.max_body_memory";
    let memory = layers.number(PATH)?;
    if memory < layers.number("ingress.max_body")? {
        return Err(layers.invalid(PATH, "is less than ingress.max_body"));
    }
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::schema::{KEYS, MERCHANTS};
    use super::*;

    /// The reference with its example lines (`#key = ...`) made real.
    fn reference_keys() -> BTreeSet<String> {
        let lines = layers::DEFAULTS.lines().map(|line| match line.strip_prefix('#') {
            Some(example) if !example.is_empty() && !example.starts_with(' ') => example,
            _ => line,
        });
        let text = lines.collect::<Vec<_>>().join("\n");
        let table: toml::Table = text.parse().expect("the reference with its examples is TOML");
        let mut keys = BTreeSet::new();
        for (section, value) in table {
            let mut value = value;
            if section == MERCHANTS {
                value = value.get("shop").expect("the example merchant").clone();
            }
            for (name, _) in value.as_table().expect("a section") {
                keys.insert(format!("{section}.{name}"));
            }
        }
        keys
    }

    #[test]
    fn the_reference_and_the_schema_hold_the_same_keys() {
        let schema: BTreeSet<String> =
            KEYS.iter().map(|key| format!("{}.{}", key.section, key.name)).collect();
        assert_eq!(reference_keys(), schema);
        assert_eq!(schema.len(), KEYS.len(), "a key is in the schema twice");
    }

    #[test]
    fn every_key_of_the_reference_has_a_comment_above_it() {
        let mut commented = false;
        for line in layers::DEFAULTS.lines() {
            let is_key = !line.starts_with("# ") && line.contains(" = ");
            if line.starts_with("# ") {
                commented = true;
            } else if line.is_empty() {
                commented = false;
            } else if is_key {
                // A _file key shares the comment of the key above it.
                assert!(commented, "no comment above {line}");
                let has_file = ["_key", "url", "_cert", "_token", "client_cert_file"]
                    .iter()
                    .any(|part| line.contains(part));
                commented = has_file;
            }
        }
    }
}

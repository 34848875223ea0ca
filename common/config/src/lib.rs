//! Configuration: one TOML file, every key also an environment variable.
//!
//! The reference of all keys is the file of defaults, which is compiled in: [`Config::reference`]. An
//! unknown key, a contradiction or an unusable key file is an error at start that names the key.

mod amqp;
pub mod certificates;
mod console;
mod database;
mod default_file;
mod environment;
mod error;
mod exposed;
mod field;
pub mod keys_in_use;
mod layers;
mod merchant;
mod nearest;
mod network;
mod node;
mod notify;
mod peer;
mod problem;
pub mod reload;
mod secret;
mod sections;
mod shown;
mod signature_probe;
pub mod signature_remedy;
mod stray;
pub mod summary;
mod tls;
mod url_mistake;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;

pub use amqp::{Amqp, Publishers};
pub use console::{
    Console, ConsoleUser, OIDC_CALLBACK, Oidc, Role, is_provider_address, is_user_name,
};
pub use database::{Database, DatabaseTls};
pub use error::{ConfigError, Source};
pub use exposed::Exposed;
use layers::{Layer, Layers};
pub use merchant::{ConfirmPolicy, LatePaymentPolicy, Merchant, NotifyVerifyPolicy};
use nearest::nearest_of;
pub use network::Network;
pub use notify::{
    Channel, ChannelKind, MailAddresses, Notify, QuietHours, Urgency, WEBHOOK_SECRET,
};
pub use peer::Peer;
pub use secret::Secret;
use sections::Sections;
pub use sections::{
    Events, Ingress, LONGEST_RETENTION, MOST_SHARDS, Orders, Queue, Retention, SHORTEST_RETENTION,
    Worker,
};
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
    /// `[queue]`
    pub queue: Queue,
    /// `[ingress]`
    pub ingress: Ingress,
    /// `[worker]`
    pub worker: Worker,
    /// `[events]`
    pub events: Events,
    /// `[retention]`
    pub retention: Retention,
    /// `[orders]`
    pub orders: Orders,
    /// `[console]`
    pub console: Console,
    /// `[notify]`
    pub notify: Notify,
    /// `[merchants.NAME]`, by name. May be empty: see [`Config::require_merchants`].
    pub merchants: BTreeMap<String, Merchant>,
    /// Files it was read from whose mode is too wide: see [`Config::check_files`].
    pub exposed: Vec<Exposed>,
}

impl Config {
    /// `longest_time_to_pay` of the merchant with this name; none where it has none, or is not configured here.
    pub fn longest_time_to_pay(&self, merchant: &str) -> Option<TimeDelta> {
        self.merchants.get(merchant).and_then(Merchant::longest_time_to_pay)
    }

    /// The name of the configured merchant that was probably meant by `name`.
    pub fn nearest_merchant(&self, name: &str) -> Option<&str> {
        nearest_of(name, self.merchants.keys().map(String::as_str))
    }

    /// Loads the configuration: defaults, then the file (`file`, else `ALIPAY_CONFIG`, else `./alipay.toml`
    /// where it is there, which is logged), then the environment.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        Config::load_from(default_file::or_default(file), std::env::vars_os())
    }

    /// [`Config::load`] with these environment variables instead of the process's own.
    pub fn load_from(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Config, ConfigError> {
        let layers = layers(file, &variables.into_iter().collect::<Vec<_>>())?;
        Read::of(&layers).whole().map(|(config, _)| config)
    }

    /// Loads the configuration as [`Config::load`] does, and does not end with the first problem: one is returned of
    /// each merchant, and one of all other sections.
    pub fn examine(file: Option<&Path>) -> Examined {
        let file = default_file::or_default(file);
        let layers = match layers(file, &std::env::vars_os().collect::<Vec<_>>()) {
            Ok(layers) => layers,
            Err(problem) => {
                return Examined { config: None, problems: vec![problem], ..Examined::default() };
            }
        };
        let Read { config, merchants, mut problems, .. } = Read::of(&layers);
        let config = config.filter(|_| problems.is_empty());
        problems.extend(config.as_ref().and_then(|config| config.require_merchants().err()));
        let config = config.filter(|_| problems.is_empty());
        let set = layers.keys().filter(|(_, set_by)| **set_by != Source::Defaults);
        let set_sections = set.filter_map(|(path, _)| path.split('.').next()).map(str::to_owned);
        Examined { config, merchants, problems, set_sections: set_sections.collect() }
    }

    /// What [`Config::load`] reads, key by key, with where each value comes from; no secret is in it.
    pub fn shown(file: Option<&Path>) -> Result<Vec<Setting>, ConfigError> {
        Config::shown_from(default_file::or_default(file), std::env::vars_os())
    }

    /// [`Config::shown`] with these environment variables instead of the process's own.
    pub fn shown_from(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Vec<Setting>, ConfigError> {
        let variables: Vec<_> = variables.into_iter().collect();
        let layers = layers(file, &variables)?;
        let (config, sections) = Read::of(&layers).whole()?;
        let text = match layers.file() {
            Some(path) => read_file(path)?,
            None => String::new(),
        };
        Ok(shown::settings(&layers, &sections, &config.merchants, &text))
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
            ("queue", self.queue != other.queue),
            ("ingress", self.ingress != other.ingress),
            ("worker", self.worker != other.worker),
            ("events", self.events != other.events),
            ("retention", self.retention != other.retention),
            ("orders", self.orders != other.orders),
            ("console", self.console != other.console),
            ("notify", self.notify != other.notify),
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
    let mut layers = Layers::new(file.clone())?;
    if let Some(path) = file {
        layers.put(Layer::from_toml(&read_file(&path)?, &Source::File(path))?)?;
    }
    let configured: Vec<String> = layers.merchants().into_iter().map(str::to_owned).collect();
    for layer in environment::layers(variables, &configured)? {
        layers.put(layer)?;
    }
    Ok(layers)
}

fn read_file(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path)
        .map_err(|error| ConfigError::File { path: path.to_owned(), error })
}

/// The layers, read as far as it can be read.
#[derive(Default)]
struct Read {
    /// Where the sections besides the merchants can be read; its merchants are those that can be.
    config: Option<Config>,
    sections: Option<Sections>,
    merchants: BTreeMap<String, Merchant>,
    /// The first of the sections besides the merchants, and of each merchant.
    problems: Vec<ConfigError>,
}

impl Read {
    fn of(layers: &Layers) -> Read {
        let mut read = Read::default();
        let queries = match layers.sections().and_then(|sections| read.sections(layers, sections)) {
            Ok(queries) => queries,
            Err(problem) => {
                read.problems.push(problem);
                true
            }
        };
        for name in layers.merchants() {
            if let Err(problem) = read.merchant(layers, name, queries) {
                read.problems.push(problem);
            }
        }
        if read.problems.is_empty() {
            read.problems.extend(merchant::check_pairs(layers, &read.merchants).err());
        }
        if let (Some(path), Some(sections)) = (layers.file(), &read.sections)
            && let Ok(metadata) = std::fs::metadata(path)
            && let Some(exposed) =
                exposed::look(path, &metadata, shown::file_holds_secret(layers, sections))
        {
            layers.exposed(exposed);
        }
        if let Some(config) = &mut read.config {
            config.merchants.clone_from(&read.merchants);
            config.exposed = layers.all_exposed();
        }
        read
    }

    /// Whether the gateway is asked: merchants depend on it.
    fn sections(&mut self, layers: &Layers, sections: Sections) -> Result<bool, ConfigError> {
        let Sections {
            database,
            amqp,
            queue,
            ingress,
            worker,
            events,
            retention,
            orders,
            console,
            notify,
            ..
        } = &sections;
        if ingress.max_body_memory < ingress.max_body {
            let problem = "is less than ingress.max_body";
            return Err(layers.invalid("ingress.max_body_memory", problem));
        }
        self.config = Some(Config {
            database: database::read(layers, database)?,
            amqp: amqp::read(layers, amqp)?,
            queue: queue.clone(),
            ingress: ingress.clone(),
            worker: worker.clone(),
            events: events.clone(),
            retention: retention.clone(),
            orders: orders.clone(),
            console: console::read(layers, console)?,
            notify: notify::read(layers, notify)?,
            merchants: BTreeMap::new(),
            exposed: Vec::new(),
        });
        let queries = worker.queries;
        self.sections = Some(sections);
        Ok(queries)
    }

    fn merchant(&mut self, layers: &Layers, name: &str, queries: bool) -> Result<(), ConfigError> {
        let keys = layers.merchant(name)?;
        self.merchants.insert(name.to_owned(), merchant::read(layers, name, &keys, queries)?);
        if let Some(sections) = &mut self.sections {
            sections.merchants.insert(name.to_owned(), keys);
        }
        Ok(())
    }

    /// All of it, or the first problem.
    fn whole(self) -> Result<(Config, Sections), ConfigError> {
        match (self.problems.into_iter().next(), self.config, self.sections) {
            (None, Some(config), Some(sections)) => Ok((config, sections)),
            (Some(problem), ..) => Err(problem),
            (None, ..) => Err(ConfigError::NoMerchant),
        }
    }
}

#[cfg(test)]
mod tests;

//! The layers of a configuration, put on top of each other: defaults, file, environment.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{ConfigError, Source};
use crate::exposed::{self, Exposed};
use crate::schema::{self, Key, MERCHANTS};
use crate::stray;
use crate::value::{self, Value};

/// The defaults, and the commented reference of every key.
pub(super) const DEFAULTS: &str = include_str!("defaults.toml");

struct Entry {
    value: Value,
    set_by: Source,
}

/// What all layers together say: each key's value and who set it.
#[derive(Default)]
pub(super) struct Layers {
    entries: BTreeMap<String, Entry>,
    merchants: BTreeSet<String>,
    /// Relative paths begin here: the folder of the configuration file, or the working directory.
    folder: PathBuf,
    /// Files with too wide a mode that were read.
    exposed: RefCell<BTreeSet<Exposed>>,
}

/// One layer before it is put on the others.
pub(super) struct Layer {
    entries: BTreeMap<String, (&'static Key, Entry)>,
    merchants: BTreeSet<String>,
}

impl Layer {
    /// A layer that sets nothing.
    pub(super) fn new() -> Layer {
        Layer { entries: BTreeMap::new(), merchants: BTreeSet::new() }
    }

    /// Sets one key.
    pub(super) fn set(&mut self, path: String, key: &'static Key, value: Value, set_by: Source) {
        if key.section == MERCHANTS
            && let Some((owner, _)) = path.rsplit_once('.')
            && let Some((_, merchant)) = owner.split_once('.')
        {
            self.merchants.insert(merchant.to_owned());
        }
        self.entries.insert(path, (key, Entry { value, set_by }));
    }

    /// Reads the text of a TOML file.
    pub(super) fn from_toml(text: &str, set_by: &Source) -> Result<Layer, ConfigError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let table = text.parse::<toml::Table>().map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            ConfigError::Syntax {
                path: match set_by {
                    Source::File(path) => path.clone(),
                    _ => PathBuf::from("defaults.toml"),
                },
                line: before.matches('\n').count() + 1,
                message: error.message().to_owned(),
            }
        })?;
        let mut layer = Layer::new();
        for (section, value) in table {
            if !schema::SECTIONS.contains(&section.as_str()) {
                return Err(unknown("", None, &section, set_by));
            }
            let keys = section_table(&section, value, set_by)?;
            if section != MERCHANTS {
                layer.read_section(&section, &section, keys, set_by)?;
                continue;
            }
            for (merchant, value) in keys {
                let owner = format!("{MERCHANTS}.{merchant}");
                check_name(&owner, &merchant, set_by)?;
                let keys = section_table(&owner, value, set_by)?;
                layer.merchants.insert(merchant);
                layer.read_section(MERCHANTS, &owner, keys, set_by)?;
            }
        }
        Ok(layer)
    }

    /// Whether it sets a secret itself, and not the file of one. A URL is one with a password in it.
    pub(super) fn holds_secret(&self) -> bool {
        self.entries.iter().any(|(path, (key, entry))| match &entry.value {
            Value::Text(text) if key.name == "url" => has_password(text),
            Value::Texts(texts) if key.name == "urls" => texts.iter().any(|url| has_password(url)),
            Value::Tables(tables) => tables.iter().any(|table| table.contains_key("md5_key")),
            _ => key.kind == schema::Kind::Secret && exposed::is_secret(path),
        })
    }

    fn read_section(
        &mut self,
        section: &str,
        owner: &str,
        keys: toml::Table,
        set_by: &Source,
    ) -> Result<(), ConfigError> {
        for (name, value) in keys {
            let path = format!("{owner}.{name}");
            let Some(key) = schema::find(section, &name) else {
                return Err(unknown(owner, Some(section), &name, set_by));
            };
            let value = value::from_toml(key.kind, value)
                .map_err(|problem| invalid(&path, problem, set_by))?;
            self.set(path, key, value, set_by.clone());
        }
        Ok(())
    }
}

impl Layers {
    /// Only the defaults; relative paths will begin at `folder`.
    pub(super) fn new(folder: PathBuf) -> Result<Layers, ConfigError> {
        let mut layers = Layers { folder, ..Layers::default() };
        layers.put(Layer::from_toml(DEFAULTS, &Source::Defaults)?)?;
        Ok(layers)
    }

    /// Puts a layer on top. `KEY` and `KEY_file` (and `urls`) are one place: whichever the new layer sets
    /// replaces all of the layers below; a layer that sets two contradicts itself.
    pub(super) fn put(&mut self, layer: Layer) -> Result<(), ConfigError> {
        for (path, (key, entry)) in &layer.entries {
            let Some((owner, _)) = path.rsplit_once('.') else { continue };
            for twin in schema::twins(key.section, key.name) {
                let twin = format!("{owner}.{}", twin.name);
                if layer.entries.contains_key(&twin) {
                    let problem = format!("set together with {twin}: keep one of them");
                    return Err(invalid(path, problem, &entry.set_by));
                }
                self.entries.remove(&twin);
            }
        }
        let entries = layer.entries.into_iter();
        self.entries.extend(entries.map(|(path, (_, entry))| (path, entry)));
        self.merchants.extend(layer.merchants);
        Ok(())
    }

    /// Every key that is set, with its value and who set it.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &Value, &Source)> {
        self.entries.iter().map(|(path, entry)| (path.as_str(), &entry.value, &entry.set_by))
    }

    /// The sections of which somebody besides the defaults sets a key.
    pub(super) fn set_sections(&self) -> BTreeSet<String> {
        let set = self.entries.iter().filter(|(_, entry)| entry.set_by != Source::Defaults);
        set.filter_map(|(path, _)| path.split('.').next()).map(str::to_owned).collect()
    }

    /// A file that was read has too wide a mode.
    pub(super) fn exposed(&self, file: Exposed) {
        self.exposed.borrow_mut().insert(file);
    }

    /// All such files.
    pub(super) fn all_exposed(&self) -> Vec<Exposed> {
        self.exposed.borrow().iter().cloned().collect()
    }

    /// Names of all merchants, sorted.
    pub(super) fn merchants(&self) -> impl Iterator<Item = &str> {
        self.merchants.iter().map(String::as_str)
    }

    /// A path of the configuration, made absolute or relative to the working directory.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(Path::new(path))
    }

    /// An error about this key, which says who set it.
    pub(super) fn invalid(&self, path: &str, problem: impl Into<String>) -> ConfigError {
        match self.entries.get(path) {
            Some(entry) => invalid(path, problem.into(), &entry.set_by),
            None => missing(path, problem),
        }
    }

    /// Who set this key, for an error about a server: `environment variable DATABASE_URL`, `database.url in
    /// /etc/alipay/alipay.toml`, `the file db.url (database.url_file in alipay.toml)`.
    pub(super) fn origin(&self, path: &str) -> String {
        let Some(entry) = self.entries.get(path) else { return path.to_owned() };
        let set_by = match &entry.set_by {
            Source::Defaults => format!("the default of {path}: nothing sets it"),
            Source::File(file) => format!("{path} in {}", file.display()),
            Source::Variable(name) => format!("environment variable {name}"),
        };
        match &entry.value {
            Value::Text(file) if path.ends_with("_file") => {
                format!("the file {} ({set_by})", self.resolve(file).display())
            }
            _ => set_by,
        }
    }

    /// Text of one line, when it is set, without white space behind it. Empty text is an error, as is what cannot be
    /// seen: both are always mistakes.
    pub(super) fn text(&self, path: &str) -> Result<Option<&str>, ConfigError> {
        let written = self.written(path)?;
        written
            .map(|text| stray::line(text).map_err(|problem| self.invalid(path, problem)))
            .transpose()
    }

    /// Text as it is written, when it is set. Empty text is an error.
    pub(super) fn written(&self, path: &str) -> Result<Option<&str>, ConfigError> {
        match self.entries.get(path).map(|entry| &entry.value) {
            Some(Value::Text(text)) if text.is_empty() => Err(self.invalid(path, "is empty")),
            Some(Value::Text(text)) => Ok(Some(text)),
            _ => Ok(None),
        }
    }

    /// A list, when it is set.
    pub(super) fn texts(&self, path: &str) -> Option<&[String]> {
        match self.entries.get(path).map(|entry| &entry.value) {
            Some(Value::Texts(texts)) => Some(texts),
            _ => None,
        }
    }

    /// A list of names, each of one line, when it is set: see [`Layers::text`].
    pub(super) fn names(&self, path: &str) -> Result<Vec<String>, ConfigError> {
        let texts = self.texts(path).unwrap_or_default().iter().enumerate();
        let names = texts.map(|(at, text)| {
            let name = stray::line(text);
            let name =
                name.map_err(|why| self.invalid(path, format!("number {}: {why}", at + 1)))?;
            Ok(name.to_owned())
        });
        names.collect()
    }

    /// A list of tables, when it is set.
    pub(super) fn tables(&self, path: &str) -> &[value::Table] {
        match self.entries.get(path).map(|entry| &entry.value) {
            Some(Value::Tables(tables)) => tables,
            _ => &[],
        }
    }

    /// A whole number.
    pub(super) fn number(&self, path: &str) -> Result<usize, ConfigError> {
        match self.entries.get(path).map(|entry| &entry.value) {
            Some(Value::Number(number)) => usize::try_from(*number)
                .map_err(|_| self.invalid(path, "is too large for this machine")),
            _ => Err(missing(path, "is not set")),
        }
    }

    /// A switch.
    pub(super) fn switch(&self, path: &str) -> Result<bool, ConfigError> {
        match self.entries.get(path).map(|entry| &entry.value) {
            Some(Value::Switch(on)) => Ok(*on),
            _ => Err(missing(path, "is not set")),
        }
    }

    /// A duration.
    pub(super) fn duration(&self, path: &str) -> Result<Duration, ConfigError> {
        match self.entries.get(path).map(|entry| &entry.value) {
            Some(Value::Duration(duration)) => Ok(*duration),
            _ => Err(missing(path, "is not set")),
        }
    }

    /// A duration, where it is set.
    pub(super) fn optional_duration(&self, path: &str) -> Option<Duration> {
        self.duration(path).ok()
    }

    /// An address, unless it is unset or switched off.
    pub(super) fn address(&self, path: &str) -> Option<SocketAddr> {
        match self.entries.get(path).map(|entry| &entry.value) {
            Some(Value::Address(address)) => *address,
            _ => None,
        }
    }
}

/// Whether a URL has a password: `scheme://USER:PASSWORD@HOST`.
fn has_password(url: &str) -> bool {
    let user = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    user.is_some_and(|(user, _)| user.contains(':'))
}

/// Merchant names are part of the URL and of queue messages.
pub(super) fn check_name(owner: &str, merchant: &str, set_by: &Source) -> Result<(), ConfigError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if merchant.is_empty() || merchant.len() > 64 || !merchant.chars().all(allowed) {
        let problem = "a merchant's name holds letters, digits, \"_\" and \"-\", 1 to 64 of them";
        return Err(invalid(owner, problem.to_owned(), set_by));
    }
    Ok(())
}

/// There is no key `name` in `owner`, whose keys are those of `section`.
pub(super) fn unknown(
    owner: &str,
    section: Option<&str>,
    name: &str,
    set_by: &Source,
) -> ConfigError {
    let path = |name: &str| {
        if owner.is_empty() { name.to_owned() } else { format!("{owner}.{name}") }
    };
    ConfigError::Unknown {
        key: path(name),
        suggestion: schema::nearest(section, name).map(path),
        set_by: set_by.clone(),
    }
}

/// A key that must be set and is not.
pub(super) fn missing(path: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Missing { key: path.to_owned(), problem: problem.into() }
}

/// A value that cannot be used.
pub(super) fn invalid(path: &str, problem: String, set_by: &Source) -> ConfigError {
    ConfigError::Invalid { key: path.to_owned(), problem, set_by: set_by.clone() }
}

fn section_table(
    path: &str,
    value: toml::Value,
    set_by: &Source,
) -> Result<toml::Table, ConfigError> {
    match value {
        toml::Value::Table(table) => Ok(table),
        other => {
            let problem = format!("expected a section [{path}], found {}", other.type_str());
            Err(invalid(path, problem, set_by))
        }
    }
}

//! The layers of a configuration, put on top of each other: defaults, file, environment.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::error::{ConfigError, Source};
use crate::exposed::Exposed;
use crate::merchant::MerchantKeys;
use crate::node::ConfigValue;
use crate::problem::Problem;
use crate::sections::Sections;

/// The defaults, and the commented reference of every key.
pub(crate) const DEFAULTS: &str = include_str!("defaults.toml");

/// The section whose tables are named by the user.
pub(crate) const MERCHANTS: &str = "merchants";

struct LayerEntry {
    node: ConfigValue,
    set_by: Source,
}

/// What all layers together say: the value of each path (`worker.lanes`, `merchants.shop.md5_key`) and who set it. A section that
/// is written in the file has an entry too, an empty table.
#[derive(Default)]
pub(crate) struct Layers {
    entries: BTreeMap<String, LayerEntry>,
    /// The configuration file. Relative paths begin at its folder, or at the working directory.
    file: Option<PathBuf>,
    /// Files with too wide a mode that were read.
    exposed: RefCell<BTreeSet<Exposed>>,
}

/// One layer before it is put on the others.
#[derive(Default)]
pub(crate) struct Layer(BTreeMap<String, LayerEntry>);

impl Layer {
    /// Sets one key.
    pub(crate) fn set(&mut self, path: &str, node: ConfigValue, set_by: &Source) {
        self.0.insert(path.to_owned(), LayerEntry { node, set_by: set_by.clone() });
    }

    /// Reads the text of a TOML file.
    pub(crate) fn from_toml(text: &str, set_by: &Source) -> Result<Layer, ConfigError> {
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
        let mut layer = Layer::default();
        for (section, value) in table {
            layer.add(&section, value, set_by)?;
        }
        Ok(layer)
    }

    fn add(&mut self, path: &str, value: toml::Value, set_by: &Source) -> Result<(), ConfigError> {
        if let Some(merchant) = path.strip_prefix("merchants.").filter(|_| is_section(path)) {
            check_name(path, merchant, set_by)?;
        }
        match value {
            toml::Value::Table(keys) if is_section(path) => {
                self.set(path, ConfigValue::table(), set_by);
                keys.into_iter().try_for_each(|(name, value)| {
                    self.add(&format!("{path}.{name}"), value, set_by)
                })
            }
            value => {
                self.set(path, value.into(), set_by);
                Ok(())
            }
        }
    }
}

impl Layers {
    /// Only the defaults; `file` is to be put on them.
    pub(crate) fn new(file: Option<PathBuf>) -> Result<Layers, ConfigError> {
        let mut layers = Layers { file, ..Layers::default() };
        layers.put(Layer::from_toml(DEFAULTS, &Source::Defaults)?)?;
        Ok(layers)
    }

    /// Puts a layer on top. `KEY` and `KEY_file` (and `urls`) are one place: whichever the new layer sets
    /// replaces all of the layers below; a layer that sets two contradicts itself.
    pub(crate) fn put(&mut self, layer: Layer) -> Result<(), ConfigError> {
        for (path, entry) in layer.0.iter().filter(|(path, _)| !is_section(path)) {
            for twin in twins(path) {
                if layer.0.contains_key(&twin) {
                    let problem = format!("set together with {twin}: keep one of them");
                    return Err(invalid(path, problem, &entry.set_by));
                }
                self.entries.remove(&twin);
            }
        }
        self.entries.extend(layer.0);
        Ok(())
    }

    /// Everything but the merchants, which [`Layers::merchant`] reads one by one: a mistake of one is no mistake of the others.
    pub(crate) fn sections(&self) -> Result<Sections, ConfigError> {
        self.read("", |path| !path.starts_with("merchants."))
    }

    /// The keys of a merchant.
    pub(crate) fn merchant(&self, name: &str) -> Result<MerchantKeys, ConfigError> {
        self.read(&format!("{MERCHANTS}.{name}"), |_| true)
    }

    /// Names of all merchants, sorted.
    pub(crate) fn merchants(&self) -> BTreeSet<&str> {
        let paths = self.entries.keys().filter_map(|path| path.strip_prefix("merchants."));
        paths.filter_map(|path| path.split('.').next()).collect()
    }

    /// Every key that is set, and who set it.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &Source)> {
        let keys = self.entries.iter().filter(|(path, _)| !is_section(path));
        keys.map(|(path, entry)| (path.as_str(), &entry.set_by))
    }

    /// What is below `owner`, as the type that it is to be.
    fn read<T: DeserializeOwned>(
        &self,
        owner: &str,
        is_part: impl Fn(&str) -> bool,
    ) -> Result<T, ConfigError> {
        let mut tree = ConfigValue::table();
        let entries = self.entries.range(owner.to_owned()..);
        'entries: for (path, entry) in entries.take_while(|(path, _)| path.starts_with(owner)) {
            let below = path.strip_prefix(owner).unwrap_or_default();
            let is_below = owner.is_empty() || below.is_empty() || below.starts_with('.');
            if !is_below || !is_part(path) {
                continue;
            }
            let mut place = &mut tree;
            for name in below.split('.').filter(|name| !name.is_empty()) {
                // A value that is where a section belongs is reported when the section is read.
                let ConfigValue::Table(table) = place else { continue 'entries };
                place = table.entry(name.to_owned()).or_insert_with(ConfigValue::table);
            }
            *place = entry.node.clone();
        }
        serde_path_to_error::deserialize(tree).map_err(|error| {
            let path = error.path().clone();
            self.unreadable(owner, path.iter(), error.into_inner())
        })
    }

    /// The error about a value: `path` leads to it from the section `owner`.
    fn unreadable<'a>(
        &self,
        owner: &str,
        path: impl Iterator<Item = &'a Segment>,
        problem: Problem,
    ) -> ConfigError {
        let (mut key, mut inside) = (owner.to_owned(), String::new());
        for segment in path {
            match segment {
                Segment::Map { key: name } if !inside.is_empty() => {
                    inside = format!("{inside}{name}: ");
                }
                Segment::Map { key: name } if key.is_empty() => key.clone_from(name),
                Segment::Map { key: name } => key = format!("{key}.{name}"),
                Segment::Seq { index } => inside = format!("number {}: ", index + 1),
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        match problem {
            Problem::UnknownKey { name, known } if inside.is_empty() => {
                let owner = key.rsplit_once('.').map(|(owner, _)| format!("{owner}."));
                let meant = crate::nearest_of(&name.to_lowercase(), known.iter().copied());
                let suggestion = meant.map(|meant| format!("{}{meant}", owner.unwrap_or_default()));
                let set_by = self.set_by(&key).cloned().unwrap_or(Source::Defaults);
                ConfigError::Unknown { key, suggestion, set_by }
            }
            problem => self.invalid(&key, format!("{inside}{problem}")),
        }
    }

    /// A file that was read has too wide a mode.
    pub(crate) fn exposed(&self, file: Exposed) {
        self.exposed.borrow_mut().insert(file);
    }

    /// All such files.
    pub(crate) fn all_exposed(&self) -> Vec<Exposed> {
        self.exposed.borrow().iter().cloned().collect()
    }

    /// A path of the configuration, made absolute or relative to the working directory.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        let folder = self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        folder.join(path)
    }

    /// The configuration file.
    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// An error about this key, which says who set it.
    pub(crate) fn invalid(&self, path: &str, problem: impl Into<String>) -> ConfigError {
        match self.set_by(path) {
            Some(set_by) => invalid(path, problem.into(), set_by),
            None => missing(path, problem),
        }
    }

    /// Who set this key, for an error about a server: `environment variable DATABASE_URL`, `database.url in
    /// /etc/alipay/alipay.toml`.
    pub(crate) fn origin(&self, path: &str) -> String {
        match self.set_by(path) {
            None => path.to_owned(),
            Some(Source::Defaults) => format!("the default of {path}: nothing sets it"),
            Some(Source::File(file)) => format!("{path} in {}", file.display()),
            Some(Source::Variable(name)) => format!("environment variable {name}"),
        }
    }

    /// Whether something sets this key.
    pub(crate) fn is_set(&self, path: &str) -> bool {
        self.entries.contains_key(path)
    }

    /// Who set this key, or something below it, or the key whose value this is a part of.
    fn set_by(&self, path: &str) -> Option<&Source> {
        let exact = self.entries.get(path);
        let below = || self.entries.range(format!("{path}.")..).next();
        let below = || below().filter(|(found, _)| found.starts_with(&format!("{path}.")));
        let mut owners = std::iter::successors(Some(path), |path| Some(path.rsplit_once('.')?.0));
        let owner = || owners.find_map(|path| self.entries.get(path).filter(|_| !is_section(path)));
        let entry = exact.or_else(|| below().map(|(_, entry)| entry)).or_else(owner);
        entry.map(|entry| &entry.set_by)
    }
}

/// Whether a path is that of a section, and not of a key.
fn is_section(path: &str) -> bool {
    match path.split_once('.') {
        None => true,
        Some((section, rest)) => section == MERCHANTS && !rest.contains('.'),
    }
}

/// The other ways to set the same value: `md5_key` for `md5_key_file` and back; of the broker's `url` also `urls`.
fn twins(path: &str) -> impl Iterator<Item = String> {
    let value = path.strip_suffix("_file").unwrap_or(path);
    let value = if value == "amqp.urls" { "amqp.url" } else { value };
    let list = (value == "amqp.url").then(|| "amqp.urls".to_owned());
    let ways = [value.to_owned(), format!("{value}_file")].into_iter().chain(list);
    ways.filter(move |way| way != path)
}

/// Merchant names are part of the URL and of queue messages.
pub(crate) fn check_name(owner: &str, merchant: &str, set_by: &Source) -> Result<(), ConfigError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if merchant.is_empty() || merchant.len() > 64 || !merchant.chars().all(allowed) {
        let problem = "a merchant's name holds letters, digits, \"_\" and \"-\", 1 to 64 of them";
        return Err(invalid(owner, problem.to_owned(), set_by));
    }
    Ok(())
}

/// A key that must be set and is not.
pub(crate) fn missing(path: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Missing { key: path.to_owned(), problem: problem.into() }
}

/// A value that cannot be used.
pub(crate) fn invalid(path: &str, problem: String, set_by: &Source) -> ConfigError {
    ConfigError::Invalid { key: path.to_owned(), problem, set_by: set_by.clone() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_and_its_file_are_twins() {
        let twins = |path| super::twins(path).collect::<Vec<_>>();
        assert_eq!(twins("merchants.shop.md5_key"), ["merchants.shop.md5_key_file"]);
        assert_eq!(
            twins("merchants.shop.alipay_public_keys_file"),
            ["merchants.shop.alipay_public_keys"]
        );
        assert_eq!(twins("database.url_file"), ["database.url"]);
        assert_eq!(twins("amqp.url"), ["amqp.url_file", "amqp.urls"]);
        assert_eq!(twins("amqp.urls"), ["amqp.url", "amqp.url_file"]);
    }
}

//! Secrets: text that cannot be printed, and the files it is read from.

use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::de::Deserializer;
use serde::{Deserialize, Serialize, Serializer};

use crate::error::ConfigError;
use crate::exposed;
use crate::field::{self, LineText};
use crate::layers::Layers;
use crate::shown;
use crate::stray::{self, SecretForm};

/// A secret text. `Debug` shows nothing of it, and its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(SecretString::from(text.into()))
    }

    /// The text itself: for the place that uses it, never for a log.
    pub fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Whether two secrets of one configuration file and the next are the same. Not for what a stranger
/// sends: the time that it takes reveals where they differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Secret) -> bool {
        self.expose_secret() == other.expose_secret()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("[secret]")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        field::text(deserializer).map(Secret::new)
    }
}

/// Its fingerprint, as an MD5 key has it, marked as a secret: see `shown.rs`.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(shown::SECRET, shown::fingerprint(self.expose_secret()))])
    }
}

/// The URL of a server, which may hold a password.
#[derive(Deserialize)]
pub(crate) struct SecretUrl(pub(crate) Secret);

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let url = self.0.expose_secret();
        let shown = shown::without_password(url);
        if shown == url {
            return shown.serialize(serializer);
        }
        serializer.collect_map([(shown::SECRET, shown)])
    }
}

/// A secret and the key that gave it: `md5_key` or `md5_key_file`.
pub(super) struct FoundSecret {
    pub(super) secret: Secret,
    pub(super) path: String,
    file: Option<PathBuf>,
}

impl FoundSecret {
    /// Who set it: see [`Layers::origin`]; of a file also its name, `the file db.url (database.url_file in alipay.toml)`.
    pub(super) fn origin(&self, layers: &Layers) -> String {
        let set_by = layers.origin(&self.path);
        match &self.file {
            Some(file) => format!("the file {} ({set_by})", file.display()),
            None => set_by,
        }
    }
}

/// The secret of the key at `path`, or what is in the file of the key `path_file`, when either is set.
///
/// # Errors
/// The file cannot be read; the text holds what does not belong into a secret of this form.
pub(super) fn find(
    layers: &Layers,
    path: &str,
    text: Option<&Secret>,
    file: Option<&LineText>,
    form: SecretForm,
) -> Result<Option<FoundSecret>, ConfigError> {
    if let Some(text) = text {
        let text = form.trim(text.expose_secret());
        let secret = Secret::new(text.map_err(|problem| layers.invalid(path, problem))?);
        return Ok(Some(FoundSecret { secret, path: path.to_owned(), file: None }));
    }
    let Some(file) = file else { return Ok(None) };
    let path = format!("{path}_file");
    let secret = read_file(layers, &path, file, form)?;
    Ok(Some(FoundSecret { secret, path, file: Some(layers.resolve(file)) }))
}

/// Reads a file that holds one secret. What editors and `echo` add around it is cut off, see [`SecretForm`].
pub(super) fn read_file(
    layers: &Layers,
    path: &str,
    file: &str,
    form: SecretForm,
) -> Result<Secret, ConfigError> {
    let file = layers.resolve(file);
    let bytes = read(layers, path, &file).map_err(|error| problem(layers, path, &file, error))?;
    let text = stray::utf8(&bytes).map_err(|why| {
        let belongs = "keys and certificates are PEM or base64, not DER or PKCS#12";
        problem(layers, path, &file, format!("{why}: {belongs}"))
    })?;
    let text = form.trim(text).map_err(|why| problem(layers, path, &file, why))?;
    Ok(Secret::new(text))
}

/// The bytes of a file, whose mode is looked at.
fn read(layers: &Layers, path: &str, file: &Path) -> std::io::Result<Vec<u8>> {
    let mut opened = std::fs::File::open(file)?;
    if let Some(exposed) = exposed::look(file, &opened.metadata()?, exposed::is_secret(path)) {
        layers.exposed(exposed);
    }
    let mut bytes = Vec::new();
    opened.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn problem(layers: &Layers, path: &str, file: &Path, why: impl fmt::Display) -> ConfigError {
    layers.invalid(path, format!("file {}: {why}", file.display()))
}

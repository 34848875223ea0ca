//! Secrets: text that cannot be printed, and the files it is read from.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::error::ConfigError;
use super::exposed;
use super::layers::Layers;

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
/// sends: the time that it takes tells.
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

/// A secret and the key that gave it: `md5_key` or `md5_key_file`.
pub(super) struct Found {
    pub(super) secret: Secret,
    pub(super) path: String,
}

/// The secret of `path` or of the file that `path_file` names, when either is set.
pub(super) fn find(layers: &Layers, path: &str) -> Result<Option<Found>, ConfigError> {
    if let Some(text) = layers.text(path)? {
        return Ok(Some(Found { secret: Secret::new(text), path: path.to_owned() }));
    }
    let path = format!("{path}_file");
    let Some(file) = layers.text(&path)? else { return Ok(None) };
    let secret = read_file(layers, &path, file)?;
    Ok(Some(Found { secret, path }))
}

/// Reads a file that holds one secret. One newline at its end is dropped, as editors and `echo` add it.
pub(super) fn read_file(layers: &Layers, path: &str, file: &str) -> Result<Secret, ConfigError> {
    let file = layers.resolve(file);
    let text = read(layers, path, &file).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => {
            let why =
                "is not text in UTF-8: keys and certificates are PEM or base64, not DER or PKCS#12";
            problem(layers, path, &file, why)
        }
        _ => problem(layers, path, &file, error),
    })?;
    let text = text
        .strip_suffix('\n')
        .map_or(text.as_str(), |rest| rest.strip_suffix('\r').unwrap_or(rest));
    if text.is_empty() {
        return Err(problem(layers, path, &file, "is empty"));
    }
    Ok(Secret::new(text))
}

/// The text of a file, whose mode is looked at.
fn read(layers: &Layers, path: &str, file: &Path) -> std::io::Result<String> {
    let mut opened = std::fs::File::open(file)?;
    if let Some(exposed) = exposed::look(file, &opened.metadata()?, exposed::is_secret(path)) {
        layers.exposed(exposed);
    }
    let mut text = String::new();
    opened.read_to_string(&mut text)?;
    Ok(text)
}

fn problem(layers: &Layers, path: &str, file: &Path, why: impl fmt::Display) -> ConfigError {
    layers.invalid(path, format!("file {}: {why}", file.display()))
}

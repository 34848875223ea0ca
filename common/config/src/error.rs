//! What can be wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

use crate::exposed::Exposed;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The defaults that are compiled in.
    Defaults,
    /// The configuration file.
    File(PathBuf),
    /// An environment variable, by its name.
    Variable(String),
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Defaults => out.write_str("the defaults"),
            Source::File(path) => write!(out, "{}", path.display()),
            Source::Variable(name) => write!(out, "variable {name}"),
        }
    }
}

/// A configuration that cannot be used. The text names the key and never holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The configuration file cannot be read.
    #[error("configuration file {}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The configuration file is not TOML. The line itself is not shown: it may hold a key.
    #[error("configuration file {}, line {line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// LineText number, from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// There is no such section or key.
    #[error("{key}: unknown key{} ({set_by})", meant(suggestion.as_deref()))]
    Unknown {
        /// Path of the key.
        key: String,
        /// Path of the key that was probably meant.
        suggestion: Option<String>,
        /// Where it was set.
        set_by: Source,
    },
    /// A required key is not set.
    #[error("{key}: {problem}")]
    Missing {
        /// Path of the key.
        key: String,
        /// Why it is needed.
        problem: String,
    },
    /// A value cannot be used, or contradicts another one.
    #[error("{key}: {problem} ({set_by})")]
    Invalid {
        /// Path of the key.
        key: String,
        /// What is wrong with it.
        problem: String,
        /// Where it was set.
        set_by: Source,
    },
    /// A file has too wide a mode, and `--strict` was given.
    #[error("--strict: {exposed}")]
    Exposed {
        /// The file.
        exposed: Exposed,
    },
    /// No merchant is configured, and this program serves merchants.
    #[error("merchants: no merchant is configured; this program needs a section [merchants.NAME]")]
    NoMerchant,
}

fn meant(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(", did you mean {name}?")).unwrap_or_default()
}

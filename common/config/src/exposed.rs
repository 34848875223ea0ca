//! Files that others on the machine can read or change although they hold secrets or trusted keys.

use std::fmt;
use std::fs::Metadata;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Keys whose values are public; their files must only not be changed by others.
const PUBLIC: [&str; 8] = [
    "alipay_public_keys_file",
    "app_cert",
    "app_cert_file",
    "alipay_root_cert",
    "alipay_root_cert_file",
    "public_key_file",
    "ca_file",
    "client_cert_file",
];

/// A file of the configuration with too wide a mode.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exposed {
    /// The file.
    pub path: PathBuf,
    /// Its permission bits.
    pub mode: u32,
    /// Whether others can change it; otherwise they can read a secret in it.
    pub writable: bool,
}

impl fmt::Display for Exposed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exposed { path, mode, writable } = self;
        let path = path.display();
        match writable {
            true => write!(
                out,
                "{path} (mode {mode:o}) can be changed by others than its owner: chmod go-w {path}"
            ),
            false => write!(
                out,
                "{path} (mode {mode:o}) holds a secret and can be read by every user of this machine: \
                 chmod o-rwx {path}, and give it to the group of the programs"
            ),
        }
    }
}

/// What is too wide about a file; `None` when nothing is. A group may read: that is how a program of its own
/// user gets at files of root.
pub(super) fn look(path: &Path, metadata: &Metadata, secret: bool) -> Option<Exposed> {
    let mode = metadata.permissions().mode() & 0o7777;
    let (writable, readable) = (mode & 0o022 != 0, secret && mode & 0o004 != 0);
    (writable || readable).then(|| Exposed { path: path.to_owned(), mode, writable })
}

/// Whether the key of this path names a file with a secret.
pub(super) fn is_secret(path: &str) -> bool {
    let name = path.rsplit_once('.').map_or(path, |(_, name)| name);
    !PUBLIC.contains(&name)
}

//! Servers of other Debian suites than this machine's: each suite is in a folder of its own
//! (`scripts/install-other-servers`), and its servers run here by chroot.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::folder::Folder;
use crate::installed;
use crate::process::ServerError;

/// Makes a suite's folder the root of a process: in a mount namespace of its own, so that nothing
/// stays mounted, also after a kill. The folder with the server's files has the same path inside.
/// Every step replaces the process, so that our child is the server itself.
const ENTER: &str = r#"set -e
root=$1 shared=$2
shift 2
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
[ -d "$root$shared" ] || mkdir -p "$root$shared"
mount --rbind "$shared" "$root$shared"
exec chroot "$root" "$@""#;

/// A Debian suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Suite {
    /// MySQL 9, RabbitMQ 4.3.
    Sid,
    /// MariaDB 11.8, RabbitMQ 4.0.
    Trixie,
}

impl Suite {
    fn name(self) -> &'static str {
        match self {
            Suite::Sid => "sid",
            Suite::Trixie => "trixie",
        }
    }

    /// Its folder.
    fn root(self) -> PathBuf {
        let set =
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = || {
            let cache = set("XDG_CACHE_HOME");
            let cache = cache.or_else(|| Some(set("HOME")?.join(".cache"))).unwrap_or_default();
            cache.join("testkit-servers")
        };
        set("TESTKIT_SERVERS").unwrap_or_else(cache).join(self.name())
    }
}

/// Where a server's programs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On this machine.
    Here,
    /// In a suite's folder.
    In(Suite),
}

impl Place {
    /// A server's command: the first of `names` that is in `folders` or on PATH.
    ///
    /// # Errors
    /// None is there: the message tells how to install it.
    pub(crate) fn command(
        self,
        folder: &Folder,
        names: &[&str],
        folders: &[&str],
        package: &'static str,
    ) -> Result<Command, ServerError> {
        match self {
            Place::Here => Ok(folder.server_command(&installed::find(names, folders, package)?)),
            Place::In(suite) => {
                let root = suite.root();
                let program = find(&root, names, folders).ok_or_else(|| {
                    ServerError::MissingSuite { suite: suite.name(), folder: root.clone() }
                })?;
                let mut command = folder.server_command(Path::new("unshare"));
                command.arg("--mount");
                if !folder.is_roots() {
                    command.args(["--user", "--map-root-user"]);
                }
                command.args(["--", "/bin/sh", "-c", ENTER, "sh"]);
                command.arg(root).arg(shared(folder)).arg(program);
                Ok(command)
            }
        }
    }

    /// Whether servers are root there, which databases want to be told.
    pub(crate) fn is_root(self, folder: &Folder) -> bool {
        self != Place::Here || folder.is_roots()
    }
}

/// The program's path inside of `root`.
fn find(root: &Path, names: &[&str], folders: &[&str]) -> Option<PathBuf> {
    let folders = folders.iter().chain(&["/usr/sbin", "/usr/bin"]);
    let mut candidates =
        folders.flat_map(|folder| names.iter().map(move |name| Path::new(folder).join(name)));
    candidates.find(|path| {
        let inside = path.strip_prefix("/").unwrap_or(path);
        // A link may lead to a path that exists inside alone.
        root.join(inside).symlink_metadata().is_ok()
    })
}

/// What is visible at the same path inside: the whole /tmp, where certificates of a test are, too;
/// elsewhere the server's folder.
fn shared(folder: &Folder) -> &Path {
    let temporary = Path::new("/tmp");
    if folder.path().starts_with(temporary) { temporary } else { folder.path() }
}

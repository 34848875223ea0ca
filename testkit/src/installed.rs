//! Where programs of other makers are on this machine.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::process::ServerError;

/// Folders that a normal user's PATH lacks on Debian, and where the makers' packages install.
const MORE_FOLDERS: [&str; 5] =
    ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/bin"];

/// PATH with the system's own folders added.
pub(crate) fn search_path() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(MORE_FOLDERS.iter().map(PathBuf::from));
    // A folder with a colon in its name cannot come out of PATH.
    std::env::join_paths(folders).unwrap_or(path)
}

/// The first of `names` in the `first` folders or on PATH.
///
/// # Errors
/// None is there: the message names the package.
pub(crate) fn find(
    names: &[&str],
    first: &[&str],
    package: &'static str,
) -> Result<PathBuf, ServerError> {
    let path = search_path();
    let folders: Vec<PathBuf> =
        first.iter().map(PathBuf::from).chain(std::env::split_paths(&path)).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|candidate| candidate.is_file())
        .ok_or_else(|| ServerError::Missing { program: names.join(" or "), package })
}

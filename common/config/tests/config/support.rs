//! Configuration files to load, and what all tests share.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use config::{Config, ConfigError};

/// A configuration file in a folder of its own.
pub(crate) struct File {
    folder: tempfile::TempDir,
}

impl File {
    pub(crate) fn new(text: &str) -> File {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("alipay.toml"), text).unwrap();
        File { folder }
    }

    /// Puts another file beside the configuration.
    pub(crate) fn with(self, name: &str, content: &(impl AsRef<[u8]> + ?Sized)) -> File {
        fs::write(self.folder.path().join(name), content).unwrap();
        self
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("alipay.toml")
    }

    pub(crate) fn load(&self, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load_from(Some(&self.path()), environment(variables))
    }
}

pub(crate) fn environment(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

pub(crate) fn load(text: &str) -> Result<Config, ConfigError> {
    File::new(text).load(&[])
}

/// The error's text; it must begin with the path of the key.
#[track_caller]
pub(crate) fn refused(result: Result<Config, ConfigError>, key: &str, says: &str) -> String {
    let text = result.expect_err("must be refused").to_string();
    assert!(text.starts_with(&format!("{key}: ")), "{text:?} does not name {key}");
    assert!(text.contains(says), "{text:?} does not say {says:?}");
    text
}

pub(crate) fn key(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name);
    fs::read_to_string(path).unwrap()
}

pub(crate) const MAPI: &str = r#"
[merchants.shop]
protocol = "mapi"
seller_id = "2088002007018916"
sign_types = ["MD5"]
md5_key = "a0b1c2d3e4f5"
"#;

/// An Open Platform merchant with this public key and these sign types.
pub(crate) fn openapi(key: &str, sign_types: &str) -> String {
    format!(
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021001\"\nsign_types = {sign_types}\n\
         alipay_public_keys = ['''{key}''']\n"
    )
}

//! The keys of both sides, made once a test.

use std::path::{Path, PathBuf};
use std::time::Duration;

use testkit::Program;

/// A key pair's files in a folder of that name.
pub(crate) struct Keys {
    pub(crate) private: String,
    pub(crate) public: String,
}

impl Keys {
    pub(crate) fn generate(folder: &Path, name: &str) -> Keys {
        let folder: PathBuf = folder.join(name);
        std::fs::create_dir(&folder).unwrap();
        let folder = folder.to_str().unwrap();
        let mut keygen = Program::start("simulator", &["keygen", "--dir", folder], &[]);
        let private = keygen.wait_for_line(folder, Duration::from_secs(60));
        let public = keygen.wait_for_line(folder, Duration::from_secs(60));
        assert!(keygen.wait().success());
        Keys { private, public }
    }
}

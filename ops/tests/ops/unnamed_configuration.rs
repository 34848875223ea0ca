//! Without `--config`, the program says which configuration it uses.

use std::path::Path;
use std::process::{Command, Output};

use crate::program::NOBODY;

/// `ops status` in a folder, without any variable but these.
fn status(folder: &Path, variables: &[(&str, &str)]) -> (String, Output) {
    let output = Command::new(env!("CARGO_BIN_EXE_ops"))
        .arg("status")
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (String::from_utf8_lossy(&output.stderr).into_owned(), output)
}

#[test]
fn the_configuration_that_is_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (said, _) = status(folder.path(), &[("DATABASE_URL", NOBODY.0)]);
    assert!(!said.contains("no configuration"), "{said}");

    let file = folder.path().join("alipay.toml");
    std::fs::write(&file, "[database]\nurl = \"mysql://shop@127.0.0.1:1/x\"\n").unwrap();
    let (said, output) = status(folder.path(), &[("AMQP_URL", NOBODY.1)]);
    assert!(said.contains("no --config: taking ./alipay.toml"), "{said}");
    assert!(said.contains("\"shop\""), "the file's user: {said}");
    assert_eq!(output.status.code(), Some(3), "{said}");

    // A file named by `--config` is used without a message, and the one in the folder is ignored.
    let named = folder.path().join("other.toml");
    std::fs::write(&named, "[database]\nurl = \"mysql://other@127.0.0.1:1/x\"\n").unwrap();
    let named = named.display().to_string();
    let variables = [("ALIPAY_CONFIG", named.as_str()), ("AMQP_URL", NOBODY.1)];
    let (said, _) = status(folder.path(), &variables);
    assert!(said.contains("\"other\"") && !said.contains("alipay.toml"), "{said}");
}

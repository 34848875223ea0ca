//! Files that others on the machine can read or change.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use config::ConfigError;

use crate::support::{File, MAPI, key, openapi};

fn with_mode(file: File, name: &str, mode: u32) -> File {
    let path = file.path().with_file_name(name);
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    file
}

/// The names of the files that are told of.
fn exposed(file: &File) -> Vec<String> {
    let config = file.load(&[]).unwrap();
    let refused = config.check_files(true);
    assert_eq!(refused.is_err(), !config.exposed.is_empty());
    if let Err(error) = refused {
        assert!(matches!(error, ConfigError::Exposed { .. }), "{error}");
        assert!(error.to_string().contains("chmod"), "{error}");
    }
    config.check_files(false).unwrap();
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    config.exposed.iter().map(|exposed| name(&exposed.path)).collect()
}

#[test]
fn a_key_that_every_user_can_read_is_told_of() {
    let text = MAPI.replace("md5_key = \"a0b1c2d3e4f5\"", "md5_key_file = \"shop.md5\"");
    let modes = |configuration, secret| {
        let file = File::new(&text).with("shop.md5", "a0b1c2d3e4f5");
        with_mode(with_mode(file, "alipay.toml", configuration), "shop.md5", secret)
    };
    for (configuration, secret, told) in [
        (0o644, 0o640, &[][..]),
        (0o644, 0o400, &[]),
        (0o644, 0o644, &["shop.md5"]),
        (0o644, 0o604, &["shop.md5"]),
        (0o600, 0o660, &["shop.md5"]),
        // Whoever can change the configuration can name another key.
        (0o666, 0o600, &["alipay.toml"]),
    ] {
        let found = exposed(&modes(configuration, secret));
        assert_eq!(found, told, "{configuration:o} {secret:o}");
    }
}

#[test]
fn a_configuration_with_a_secret_in_it_is_one() {
    let database = "[database]\nurl = \"mysql://alipay:secret@127.0.0.1:3306/alipay\"\n";
    let no_password = "[database]\nurl = \"mysql://alipay@127.0.0.1:3306/alipay\"\n";
    for (text, told) in [(MAPI, 1), (database, 1), (no_password, 0), ("", 0)] {
        assert_eq!(
            exposed(&with_mode(File::new(text), "alipay.toml", 0o644)).len(),
            told,
            "{text}"
        );
        assert_eq!(exposed(&with_mode(File::new(text), "alipay.toml", 0o640)).len(), 0, "{text}");
    }
}

#[test]
fn a_public_key_may_be_read_and_not_changed() {
    let text = openapi("", "[\"RSA2\"]")
        .replace("alipay_public_keys = ['''''']", "alipay_public_keys_file = \"alipay.pem\"");
    let public = key("rsa2048.pub.pem");
    let file = |mode| {
        let file = File::new(&text).with("alipay.pem", &public);
        with_mode(with_mode(file, "alipay.toml", 0o644), "alipay.pem", mode)
    };
    assert_eq!(exposed(&file(0o644)), [""; 0]);
    assert_eq!(exposed(&file(0o646)), ["alipay.pem"]);
    assert_eq!(exposed(&file(0o664)), ["alipay.pem"]);
}

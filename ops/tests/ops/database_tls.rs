//! TLS to the database, as configured.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use testkit::{Certificates, Database, DatabaseOptions, Folder};

use crate::program::{NOBODY, Ops};

#[test]
fn own_database_tls_trusts_the_configured_ca() {
    let folder = Arc::new(Folder::create().unwrap());
    let made = Certificates::create(folder.path()).unwrap();
    let arguments = vec![
        format!("--ssl-ca={}", made.ca.display()),
        format!("--ssl-cert={}", made.server.certificate.display()),
        format!("--ssl-key={}", made.server.key.display()),
        "--require-secure-transport=ON".to_owned(),
    ];
    let options = DatabaseOptions { arguments, ..DatabaseOptions::default() };
    let database = Database::start_with(&folder, &options).unwrap();
    let file = folder.path().join("alipay.toml");
    let file = file.to_str().unwrap();
    let ops = Ops::at(&database.url(), NOBODY.1);
    let migrate = |tls: &str, ca: Option<&Path>| {
        let ca = ca.map(|ca| format!("ca_file = {ca:?}\n")).unwrap_or_default();
        fs::write(file, format!("[database]\ntls = \"{tls}\"\n{ca}")).unwrap();
        ops.run_with(&["--config", file, "migrate"], b"")
    };
    let port = database.port().to_string();
    for (tls, ca, says) in [
        ("required", None, "name the database's authority in database.ca_file"),
        ("required", Some(made.other_ca.as_path()), "database.ca_file"),
        ("off", Some(made.ca.as_path()), "set database.tls = \"required\""),
    ] {
        let refused = migrate(tls, ca);
        assert_ne!(refused.code, 0, "{tls} {ca:?}");
        assert!(refused.stderr.contains(says), "{}", refused.stderr);
        assert!(refused.stderr.contains(&port), "{}", refused.stderr);
    }
    migrate("required", Some(&made.ca)).done();
}

/// An invalid URL is a configuration error, so there is no retry.
#[test]
fn exit_code_2_for_an_invalid_database_url() {
    let environment = [("DATABASE_URL", "mysql://shop:secret@127.0.0.1:1/pay?ssl_mode=maybe")];
    let output = testkit::run_program("ops", &["migrate"], &environment);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("ssl_mode") && !text.contains("secret"), "{text}");
}

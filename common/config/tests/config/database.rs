//! `[database]`: TLS and the authorities that sign the server's certificate.

use config::{Config, ConfigError, DatabaseTls};
use testkit::Certificates;

use crate::support::{File, load, refused};

#[test]
fn tls_is_one_of_three_words() {
    assert_eq!(load("").unwrap().database.tls, DatabaseTls::Preferred);
    for (word, tls) in [
        ("off", DatabaseTls::Off),
        ("preferred", DatabaseTls::Preferred),
        ("required", DatabaseTls::Required),
    ] {
        let text = format!("[database]\ntls = \"{word}\"\n");
        assert_eq!(load(&text).unwrap().database.tls, tls);
        let variable = [("ALIPAY__DATABASE__TLS", word)];
        assert_eq!(File::new("").load(&variable).unwrap().database.tls, tls);
    }
    let expected = "expected \"off\", \"preferred\" or \"required\"";
    for word in ["on", "Required", "verify_ca"] {
        refused(load(&format!("[database]\ntls = \"{word}\"\n")), "database.tls", expected);
    }
    refused(load("[database]\ntls = \"\"\n"), "database.tls", "is empty");
    refused(load("[database]\ntls = true\n"), "database.tls", "");
}

#[test]
fn the_file_of_authorities_is_read_and_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let made = Certificates::create(folder.path()).unwrap();
    let read = |path: &std::path::Path| std::fs::read(path).unwrap();
    let start = |file: &str| -> Result<Config, ConfigError> {
        let text = format!("[database]\ntls = \"required\"\nca_file = \"{file}\"\n");
        File::new(&text)
            .with("ca.pem", &[read(&made.ca), read(&made.other_ca)].concat())
            .with("client.key", &read(&made.client.key))
            .with("empty.pem", "")
            .with("der.pem", &[0x30, 0x82, 0xff])
            .with("text.pem", "no certificate\n")
            .load(&[])
    };
    assert_eq!(start("ca.pem").unwrap().database.ca.unwrap().len(), 2);
    assert!(load("").unwrap().database.ca.is_none());
    for (file, says) in [
        ("missing.pem", "missing.pem"),
        ("empty.pem", "is empty"),
        ("der.pem", "UTF-8"),
        ("text.pem", "holds no certificate"),
        ("client.key", "holds no certificate"),
    ] {
        refused(start(file), "database.ca_file", says);
    }
}

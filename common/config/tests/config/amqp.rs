//! `[amqp]`: several hosts, and the files of TLS.

use config::{Config, ConfigError};
use testkit::Certificates;

use crate::support::{File, load, refused};

fn urls(config: &Config) -> Vec<&str> {
    config.amqp.urls.iter().map(|url| url.expose_secret()).collect()
}

#[test]
fn one_place_sets_the_hosts() {
    let list = "[amqp]\nurls = [\"amqp://a\", \"amqp://b\"]\n";
    let config = load(list).unwrap();
    assert_eq!(urls(&config), ["amqp://a", "amqp://b"]);
    assert_eq!(config.amqp.key, "amqp.urls");

    // The variable is one list, too, and replaces the file's.
    let config = File::new(list).load(&[("AMQP_URL", "amqp://c,amqp://d")]).unwrap();
    assert_eq!(urls(&config), ["amqp://c,amqp://d"]);
    assert_eq!(config.amqp.key, "amqp.url");
    let own = [("AMQP_URL", "amqp://c"), ("ALIPAY__AMQP__URLS", "amqp://e,amqp://f")];
    assert_eq!(urls(&File::new(list).load(&own).unwrap()), ["amqp://e", "amqp://f"]);

    let file = File::new("[amqp]\nurl_file = \"hosts\"\n").with("hosts", "amqp://g,amqp://h\n");
    let config = file.load(&[]).unwrap();
    assert_eq!(urls(&config), ["amqp://g,amqp://h"]);
    assert_eq!(config.amqp.key, "amqp.url_file");

    let both = load(&format!("{list}url = \"amqp://c\"\n"));
    let text = both.unwrap_err().to_string();
    assert!(text.contains("amqp.url") && text.contains("keep one of them"), "{text}");
    refused(load("[amqp]\nurls = []\n"), "amqp.urls", "names no broker");
    refused(load("[amqp]\nurls = [\"amqp://a\", \"b\"]\n"), "amqp.urls", "does not begin with");
}

#[test]
fn the_files_of_tls_are_read_and_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let made = Certificates::create(folder.path()).unwrap();
    let read = |path: &std::path::Path| std::fs::read(path).unwrap();
    let ca = [read(&made.ca), read(&made.other_ca)].concat();
    let start = |more: &str| -> Result<Config, ConfigError> {
        let file = File::new(&format!("[amqp]\nurl = \"amqps://broker\"\n{more}"))
            .with("ca.pem", &ca)
            .with("client.pem", &read(&made.client.certificate))
            .with("client.key", &read(&made.client.key))
            .with("empty.pem", "")
            .with("der.pem", &[0x30, 0x82, 0xff])
            .with("text.pem", "no certificate\n");
        file.load(&[])
    };
    let client = "client_cert_file = \"client.pem\"\nclient_key_file = \"client.key\"\n";
    let config = start(&format!("ca_file = \"ca.pem\"\n{client}")).unwrap();
    assert_eq!(config.amqp.ca.as_ref().unwrap().len(), 2);
    assert_eq!(config.amqp.client.as_ref().unwrap().chain.len(), 1);
    assert!(!format!("{config:?}").contains("PRIVATE"));

    for (file, says) in [
        ("missing.pem", "missing.pem"),
        ("empty.pem", "is empty"),
        ("der.pem", "UTF-8"),
        ("text.pem", "holds no certificate"),
        ("client.key", "holds no certificate"),
    ] {
        refused(start(&format!("ca_file = \"{file}\"\n")), "amqp.ca_file", says);
    }
    let alone = start("client_cert_file = \"client.pem\"\n");
    refused(alone, "amqp.client_key_file", "required beside amqp.client_cert_file");
    let alone = start("client_key_file = \"client.key\"\n");
    refused(alone, "amqp.client_cert_file", "required beside amqp.client_key_file");
    let swapped = "client_cert_file = \"client.pem\"\nclient_key_file = \"client.pem\"\n";
    refused(start(swapped), "amqp.client_key_file", "holds no private key");
}

#[test]
fn accounts_are_named_for_all_programs_or_for_none() {
    let users = |more: &str| load(&format!("[amqp]\nurl = \"amqp://a\"\n{more}"));
    let none = users("").unwrap().amqp;
    assert!(none.publishers.is_none() && none.user_id && none.management_url.is_none());
    let all = "ingress_users = [\"i\"]\nworker_users = [\"w\"]\nops_users = [\"o\", \"p\"]\n";
    let publishers = users(all).unwrap().amqp.publishers.unwrap();
    assert_eq!(publishers.ops, ["o", "p"]);
    refused(users("worker_users = [\"w\"]\n"), "amqp.worker_users", "amqp.ingress_users is not");
    refused(
        users(&format!("user_id = false\n{all}")),
        "amqp.ingress_users",
        "amqp.user_id is false",
    );
    let management = users("management_url = \"http://u:hidden@h:15672\"\n").unwrap();
    assert!(!format!("{management:?}").contains("hidden"));
    refused(users("management_url = \"amqp://h\"\n"), "amqp.management_url", "http://");
}

//! Every mistake is named, with the path of its key.

use std::path::Path;

use config::Config;

use crate::support::{File, MAPI, load, refused};

#[test]
fn unknown_keys_are_named_and_the_neighbour_is_suggested() {
    let text = refused(load("[ingress]\nlistn = \"x\""), "ingress.listn", "unknown key");
    assert!(text.contains("did you mean ingress.listen?"), "{text}");
    refused(load("[ingres]\nlisten = \"x\""), "ingres", "did you mean ingress?");
    refused(load("top = 1"), "top", "unknown key");
    let wrong = format!("{MAPI}seler_id = \"1\"\n");
    refused(load(&wrong), "merchants.shop.seler_id", "did you mean merchants.shop.seller_id?");
    let file = File::new("");
    for (name, key) in [
        ("ALIPAY__INGRESS__LISTN", "ingress.listn"),
        ("ALIPAY__INGRES__LISTEN", "ingres"),
        ("ALIPAY__INGRESS", "ingress"),
        ("ALIPAY__MERCHANTS__SHOP__MD5KEY", "merchants.shop.md5key"),
        ("ALIPAY__MERCHANTS__SHOP", "merchants.shop"),
    ] {
        refused(file.load(&[(name, "x")]), key, name);
    }
}

#[test]
fn more_shards_than_there_can_be_are_refused_with_the_range() {
    let said = load("[queue]\nshards = 65").unwrap_err().to_string();
    assert!(said.contains("queue.shards") && said.contains("from 1 to 64"), "{said}");
}

#[test]
fn wrong_types_and_ranges_are_named() {
    for (text, key) in [
        ("[ingress]\nlanes = \"4\"", "ingress.lanes"),
        ("[ingress]\nlanes = 0", "ingress.lanes"),
        ("[ingress]\nmax_body = -1", "ingress.max_body"),
        ("[ingress]\nlisten = \"8080\"", "ingress.listen"),
        ("[ingress]\nlisten = \"\"", "ingress.listen"),
        ("[ingress]\nbody_timeout = \"fast\"", "ingress.body_timeout"),
        ("[ingress]\nbody_timeout = 0", "ingress.body_timeout"),
        ("[events]\nenabled = \"yes\"", "events.enabled"),
        ("[queue]\nshards = 0", "queue.shards"),
        ("[queue]\nshards = 65", "queue.shards"),
        ("[retention]\nolder_than = \"39d\"", "retention.older_than"),
        ("[retention]\nolder_than = \"3661d\"", "retention.older_than"),
        ("[retention]\nolder_than = 180", "retention.older_than"),
        ("[worker]\nbatch = 1.5", "worker.batch"),
        ("[database]\nurl = \"postgres://x\"", "database.url"),
        ("[amqp]\nurl = \"http://x\"", "amqp.url"),
        ("[amqp]\nurl = \"\"", "amqp.url"),
        ("ingress = 1", "ingress"),
        ("[merchants]\nshop = 1", "merchants.shop"),
        ("[merchants.\"a b\"]\nprotocol = \"mapi\"", "merchants.a b"),
    ] {
        refused(load(text), key, "");
    }
    let file = File::new("");
    for (name, value, key) in [
        ("ALIPAY__INGRESS__LANES", "four", "ingress.lanes"),
        ("ALIPAY__EVENTS__ENABLED", "1", "events.enabled"),
        ("ALIPAY__INGRESS__LISTEN", "localhost", "ingress.listen"),
        ("DATABASE_URL", "postgres://x", "database.url"),
    ] {
        refused(file.load(&[(name, value)]), key, name);
    }
}

#[test]
fn a_value_and_its_file_in_one_layer_contradict_each_other() {
    let both = format!("{MAPI}md5_key_file = \"x\"\n");
    refused(load(&both), "merchants.shop.md5_key", "md5_key_file");
    refused(
        load("[database]\nurl = \"mysql://a/b\"\nurl_file = \"x\""),
        "database.url",
        "url_file",
    );
    let variables = [
        ("ALIPAY__MERCHANTS__SHOP__PRIVATE_KEY", "x"),
        ("ALIPAY__MERCHANTS__SHOP__PRIVATE_KEY_FILE", "y"),
    ];
    refused(File::new(MAPI).load(&variables), "merchants.shop.private_key", "private_key_file");
}

#[test]
fn a_file_that_is_no_toml_or_not_there() {
    let text = load("[ingress]\n\nlanes = = \"hunter2\"\n").unwrap_err().to_string();
    assert!(text.contains("alipay.toml, line 3"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    let text = Config::load_from(Some(Path::new("/no/such/file")), []).unwrap_err().to_string();
    assert!(text.contains("/no/such/file"), "{text}");
}

#[test]
fn durations_have_units_and_limits() {
    let timeout = |value: &str| load(&format!("[ingress]\nbody_timeout = {value}\n"));
    for (value, milliseconds) in [
        ("\"250ms\"", 250),
        ("\"5s\"", 5_000),
        ("\"5 s\"", 5_000),
        ("\"2m\"", 120_000),
        ("\"1h\"", 3_600_000),
        ("\"42\"", 42),
        ("42", 42),
        ("\"15d\"", 1_296_000_000),
    ] {
        let config = timeout(value).unwrap();
        assert_eq!(config.ingress.body_timeout.as_millis(), milliseconds, "{value}");
    }
    for text in [
        "",
        "0",
        "0s",
        "s",
        "-5s",
        "1.5s",
        "5 parsecs",
        "5S",
        "99999999999999999999h",
        "361h",
        "16d",
    ] {
        let value = format!("{text:?}");
        refused(timeout(&value), "ingress.body_timeout", "is not a duration above zero such as");
    }
}

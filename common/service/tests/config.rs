//! What the configuration accepts, where each value comes from, and that every mistake is named.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alipay::{Charset, Protocol, SignType};
use service::config::{Config, ConfigError};

/// A configuration file in a folder of its own.
struct File {
    folder: tempfile::TempDir,
}

impl File {
    fn new(text: &str) -> File {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("alipay.toml"), text).unwrap();
        File { folder }
    }

    /// Puts another file beside the configuration.
    fn with(self, name: &str, text: &str) -> File {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("alipay.toml")
    }

    fn load(&self, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load_from(Some(&self.path()), environment(variables))
    }
}

fn environment(variables: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    variables.iter().map(|(name, value)| (name.into(), value.into())).collect()
}

fn load(text: &str) -> Result<Config, ConfigError> {
    File::new(text).load(&[])
}

/// The error's text; it must begin with the path of the key.
#[track_caller]
fn refused(result: Result<Config, ConfigError>, key: &str, says: &str) -> String {
    let text = result.expect_err("must be refused").to_string();
    assert!(text.starts_with(&format!("{key}: ")), "{text:?} does not name {key}");
    assert!(text.contains(says), "{text:?} does not say {says:?}");
    text
}

fn key(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/keys").join(name);
    fs::read_to_string(path).unwrap()
}

const MAPI: &str = r#"
[merchants.shop]
protocol = "mapi"
seller_id = "2088002007018916"
sign_types = ["MD5"]
md5_key = "a0b1c2d3e4f5"
"#;

/// An Open Platform merchant with this public key and these sign types.
fn openapi(key: &str, sign_types: &str) -> String {
    format!(
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021001\"\nsign_types = {sign_types}\n\
         alipay_public_keys = ['''{key}''']\n"
    )
}

#[test]
fn the_defaults_alone_are_a_configuration() {
    let config = Config::load_from(None, environment(&[])).unwrap();
    assert_eq!(config.ingress.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.ingress.admin_listen, None);
    assert_eq!(config.ingress.max_body, 65_536);
    assert_eq!(config.ingress.confirm_timeout, Duration::from_secs(5));
    assert_eq!((config.worker.batch, config.worker.lanes), (128, 2));
    assert!(!config.events.enabled);
    assert_eq!(config.database.url.expose_secret(), "mysql://root@127.0.0.1:3306/alipay");
    assert_eq!(config.amqp.url.expose_secret(), "amqp://guest:guest@127.0.0.1:5672/%2f");
    let error = config.require_merchants().unwrap_err();
    assert!(error.to_string().starts_with("merchants: "), "{error}");
}

#[test]
fn a_legacy_merchant() {
    let config = load(MAPI).unwrap();
    config.require_merchants().unwrap();
    let shop = config.merchant("shop").unwrap();
    assert_eq!(shop.protocol, Protocol::Mapi);
    assert_eq!(shop.partner.as_deref(), Some("2088002007018916"));
    assert_eq!(shop.sign_types, [SignType::Md5]);
    assert_eq!(shop.charset, Charset::Utf8);
    assert_eq!(config.only_merchant().unwrap().name, "shop");
    assert!(config.merchant("SHOP").is_none());
}

#[test]
fn an_open_platform_merchant_with_key_files() {
    let file = File::new(
        "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"2021001\"\nsign_types = [\"RSA2\"]\n\
         alipay_public_keys_file = \"alipay.pem\"\nprivate_key_file = \"own.pem\"\ncharset = \"GBK\"\n",
    )
    .with("alipay.pem", &key("rsa2048.pub.pem"))
    .with("own.pem", &key("rsa2048.key.pem"));
    let config = file.load(&[]).unwrap();
    let app = config.merchant("app").unwrap();
    assert_eq!(app.public_keys.len(), 1);
    assert_eq!(
        app.private_key.as_ref().unwrap().public_key().fingerprint(),
        app.public_keys[0].fingerprint()
    );
    assert_eq!(app.charset, Charset::Gbk);
    assert_eq!(app.gateway, "https://openapi.alipay.com/gateway.do");

    let list = "['alipay.pem', 'alipay.pem']";
    let config = file.load(&[("ALIPAY__MERCHANTS__APP__ALIPAY_PUBLIC_KEYS_FILE", list)]).unwrap();
    assert_eq!(config.merchant("app").unwrap().public_keys.len(), 2);
    let list = "alipay.pem, alipay.pem, alipay.pem";
    let config = file.load(&[("ALIPAY__MERCHANTS__APP__ALIPAY_PUBLIC_KEYS_FILE", list)]).unwrap();
    assert_eq!(config.merchant("app").unwrap().public_keys.len(), 3);
}

#[test]
fn the_environment_beats_the_file_and_the_file_the_defaults() {
    let file = File::new(
        "[ingress]\nmax_body = 1000\nlanes = 2\n[amqp]\nurl = \"amqp://file\"\n\
         [database]\nurl = \"mysql://file/x\"\n",
    );
    let config = file.load(&[("ALIPAY__INGRESS__MAX_BODY", "2000")]).unwrap();
    assert_eq!((config.ingress.max_body, config.ingress.lanes), (2000, 2));

    let config =
        file.load(&[("DATABASE_URL", "mysql://env/x"), ("AMQP_URL", "amqp://env")]).unwrap();
    assert_eq!(config.database.url.expose_secret(), "mysql://env/x");
    assert_eq!(config.amqp.url.expose_secret(), "amqp://env");
    let variables = [("DATABASE_URL", "mysql://env/x"), ("ALIPAY__DATABASE__URL", "mysql://own/x")];
    let config = file.load(&variables).unwrap();
    assert_eq!(config.database.url.expose_secret(), "mysql://own/x");
    let config = file.load(&[("DATABASE_URL", "")]).unwrap();
    assert_eq!(config.database.url.expose_secret(), "mysql://file/x");
}

#[test]
fn the_file_is_named_by_a_variable_too() {
    let file = File::new("[ingress]\nlanes = 7\n");
    let path = file.path();
    let variables = vec![(OsString::from("ALIPAY_CONFIG"), path.into_os_string())];
    assert_eq!(Config::load_from(None, variables).unwrap().ingress.lanes, 7);
}

#[test]
fn the_key_decides_the_type_of_a_variable() {
    let file = File::new(&MAPI.replace("shop", "Shop"));
    let config = file
        .load(&[
            ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", "0123456789"),
            ("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "MD5"),
            ("ALIPAY__MERCHANTS__SHOP__IGNORE_PARAMS", "a, b"),
            ("ALIPAY__MERCHANTS__NEW__PROTOCOL", "mapi"),
            ("ALIPAY__MERCHANTS__NEW__SELLER_ID", "2088000000000001"),
            ("ALIPAY__MERCHANTS__NEW__SIGN_TYPES", "[\"MD5\"]"),
            ("ALIPAY__MERCHANTS__NEW__MD5_KEY", "true"),
            ("ALIPAY__EVENTS__ENABLED", "true"),
            ("ALIPAY__INGRESS__CONFIRM_TIMEOUT", "250ms"),
            ("ALIPAY__INGRESS__BODY_TIMEOUT", "1500"),
            ("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0"),
        ])
        .unwrap();
    let shop = config.merchant("Shop").unwrap();
    assert!(shop.md5_key == Some(alipay::Md5Key::new("0123456789")));
    assert_eq!(shop.ignore_params, ["a", "b"]);
    let new = config.merchant("new").unwrap();
    assert!(new.md5_key == Some(alipay::Md5Key::new("true")));
    assert!(config.events.enabled);
    assert_eq!(config.ingress.confirm_timeout, Duration::from_millis(250));
    assert_eq!(config.ingress.body_timeout, Duration::from_millis(1500));
    assert_eq!(config.ingress.admin_listen.unwrap().to_string(), "127.0.0.1:0");
    assert!(config.only_merchant().is_none());
}

#[test]
fn a_variable_finds_a_merchant_with_a_hyphen() {
    let file = File::new(&MAPI.replace("shop", "my-shop"));
    let config = file.load(&[("ALIPAY__MERCHANTS__MY_SHOP__CHARSET", "gbk")]).unwrap();
    assert_eq!(config.merchants.len(), 1);
    assert_eq!(config.merchant("my-shop").unwrap().charset, Charset::Gbk);
}

#[test]
fn a_secret_file_replaces_the_value_below_and_loses_its_newline() {
    let file = File::new(MAPI)
        .with("md5", "  from file \n")
        .with("crlf", "from file\r\n")
        .with("url", "mysql://secret/x\n");
    for (name, expected) in [("md5", "  from file "), ("crlf", "from file")] {
        let config = file.load(&[("ALIPAY__MERCHANTS__SHOP__MD5_KEY_FILE", name)]).unwrap();
        let md5_key = config.merchant("shop").unwrap().md5_key.clone();
        assert!(md5_key == Some(alipay::Md5Key::new(expected)), "{name}");
    }
    let config = file.load(&[("ALIPAY__DATABASE__URL_FILE", "url")]).unwrap();
    assert_eq!(config.database.url.expose_secret(), "mysql://secret/x");
}

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
fn what_a_merchant_needs() {
    let without = |line: &str| {
        let lines = MAPI.lines().filter(|kept| !kept.starts_with(line));
        load(&lines.collect::<Vec<_>>().join("\n"))
    };
    refused(without("protocol"), "merchants.shop.protocol", "required");
    refused(without("seller_id"), "merchants.shop.seller_id", "required");
    refused(without("sign_types"), "merchants.shop.sign_types", "required");
    refused(without("md5_key"), "merchants.shop.md5_key", "required");
    refused(load("[merchants.shop]"), "merchants.shop.protocol", "required");

    let with = |from: &str, to: &str| load(&MAPI.replace(from, to));
    refused(with("\"mapi\"", "\"open\""), "merchants.shop.protocol", "open");
    refused(with("\"mapi\"", "\"openapi\""), "merchants.shop.app_id", "required");
    refused(with("[\"MD5\"]", "[]"), "merchants.shop.sign_types", "empty");
    refused(with("[\"MD5\"]", "[\"md5\"]"), "merchants.shop.sign_types", "md5");
    refused(with("[\"MD5\"]", "[\"MD5\", \"MD5\"]"), "merchants.shop.sign_types", "twice");
    refused(with("[\"MD5\"]", "[\"RSA\"]"), "merchants.shop.alipay_public_keys", "required");
    refused(with("\"a0b1c2d3e4f5\"", "\"\""), "merchants.shop.md5_key", "empty");
    refused(with("\"a0b1c2d3e4f5\"", "12345"), "merchants.shop.md5_key", "expected text");
    refused(with("\"a0b1c2d3e4f5\"", "[\"a\"]"), "merchants.shop.md5_key", "expected text");

    let and = |line: &str| load(&format!("{MAPI}{line}\n"));
    refused(and("charset = \"latin1\""), "merchants.shop.charset", "latin1");
    refused(and("notify_verify = \"maybe\""), "merchants.shop.notify_verify", "maybe");
    for word in ["off", "best_effort", "required"] {
        and(&format!("notify_verify = \"{word}\"")).unwrap();
    }
    let app =
        format!("{}notify_verify = \"required\"\n", openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]"));
    refused(load(&app), "merchants.app.notify_verify", "no such query");
    refused(and("gateway = \"mapi.alipay.com\""), "merchants.shop.gateway", "https://");
    for wrong in ["http://", "https:///gateway.do", "http://[::1/gateway.do"] {
        let line = format!("gateway = \"{wrong}\"");
        refused(and(&line), "merchants.shop.gateway", "not an address");
    }
    refused(and("return_to = \"javascript:x\""), "merchants.shop.return_to", "https://");
    for wrong in ["/a b", "/\u{6d4b}", "/a\\n"] {
        let line = format!("return_to = \"{wrong}\"");
        refused(and(&line), "merchants.shop.return_to", "percent-encoded");
    }
    refused(and("md5_old_key = \"\""), "merchants.shop.md5_old_key", "empty");
    refused(and("md5_keys = [\"x\"]"), "merchants.shop.md5_keys", "unknown key");
}

#[test]
fn unusable_keys_are_named() {
    let good = key("rsa2048.pub.pem");
    load(&openapi(&good, "[\"RSA2\"]")).unwrap();
    load(&openapi(&key("rsa1024.pub.pem"), "[\"RSA\"]")).unwrap();

    let short = load(&openapi(&key("rsa1024.pub.pem"), "[\"RSA2\"]"));
    refused(short, "merchants.app.alipay_public_keys", "1024 bits");
    let rubbish = load(&openapi("not a key", "[\"RSA2\"]"));
    refused(rubbish, "merchants.app.alipay_public_keys", "key number 1");
    let private = load(&openapi(&key("rsa2048.key.pem"), "[\"RSA2\"]"));
    let text = refused(private, "merchants.app.alipay_public_keys", "private key");
    assert!(!text.contains("MII"), "a key was printed: {text}");

    let own = format!("{}private_key = \"\"\"{good}\"\"\"\n", openapi(&good, "[\"RSA2\"]"));
    refused(load(&own), "merchants.app.private_key", "public key");

    let missing = format!("{}private_key_file = \"nowhere.pem\"\n", openapi(&good, "[\"RSA2\"]"));
    refused(load(&missing), "merchants.app.private_key_file", "nowhere.pem");
    let files = "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"1\"\nsign_types = [\"RSA2\"]\n\
                 alipay_public_keys_file = [\"short.pem\"]\n";
    let file = File::new(files).with("short.pem", &key("rsa1024.pub.pem"));
    refused(file.load(&[]), "merchants.app.alipay_public_keys_file", "1024 bits");
    let file = File::new(files).with("short.pem", "\n");
    refused(file.load(&[]), "merchants.app.alipay_public_keys_file", "is empty");
}

#[test]
fn two_merchants_cannot_be_the_same_account() {
    let twice = format!("{MAPI}{}", MAPI.replace("shop", "shop2"));
    refused(load(&twice), "merchants.shop2.seller_id", "merchants.shop.seller_id");
    let app = openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]");
    let twice = format!("{app}{}", app.replace("merchants.app", "merchants.zweite"));
    refused(load(&twice), "merchants.zweite.app_id", "merchants.app.app_id");
    // One account may use both protocols.
    load(&format!("{MAPI}{app}seller_id = \"2088002007018916\"\n")).unwrap();
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
fn nothing_secret_is_printed() {
    let file = File::new(MAPI);
    let variables =
        [("DATABASE_URL", "mysql://root:hunter2@x/y"), ("AMQP_URL", "amqp://hunter2@x")];
    let printed = format!("{:?}", file.load(&variables).unwrap());
    assert!(!printed.contains("hunter2") && !printed.contains("a0b1c2d3e4f5"), "{printed}");
    for (name, value) in [
        ("DATABASE_URL", "hunter2"),
        ("ALIPAY__MERCHANTS__SHOP__PRIVATE_KEY", "hunter2"),
        ("ALIPAY__MERCHANTS__SHOP__ALIPAY_PUBLIC_KEYS", "[\"hunter2\"]"),
        ("ALIPAY__MERCHANTS__SHOP__ALIPAY_PUBLIC_KEYS", "[hunter2"),
    ] {
        let text = file.load(&[(name, value)]).unwrap_err().to_string();
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[test]
fn the_md5_key_before_a_change_verifies_and_does_not_sign() {
    let shop = |lines: &str| load(&format!("{MAPI}{lines}\n")).unwrap().merchants["shop"].clone();
    let merchant = shop("md5_old_key = \"before\"");
    let signed = |key: &str| {
        let mut form = alipay::Form::from_pairs([("a", "1")]);
        let signer = alipay::Signer::Md5(alipay::Md5Key::new(key));
        signer.sign_form(&mut form, alipay::Rule::DropEmpty).unwrap();
        form
    };
    let key_of = |key| merchant.verifier.verify(&signed(key), &[]).map(|verified| verified.key);
    assert_eq!((key_of("a0b1c2d3e4f5"), key_of("before")), (Ok(0), Ok(1)));
    assert!(key_of("another").is_err());
    assert!(shop("").verifier.verify(&signed("before"), &[]).is_err());
    let sign = |key: alipay::Md5Key| alipay::Signer::Md5(key);
    let mut form = alipay::Form::from_pairs([("a", "1")]);
    sign(merchant.md5_key.unwrap()).sign_form(&mut form, alipay::Rule::DropEmpty).unwrap();
    assert_eq!(form, signed("a0b1c2d3e4f5"));

    let openapi = openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]");
    let alone = load(&format!("{openapi}md5_old_key = \"x\"\n"));
    refused(alone, "merchants.app.md5_old_key", "without md5_key");
}

#[test]
fn sections_that_changed_are_named() {
    let old = load(MAPI).unwrap();
    assert!(old.changed_sections(&load(MAPI).unwrap()).is_empty());
    let text = format!(
        "[ingress]\nlanes = 5\n[events]\nenabled = true\n[database]\nurl = \"mysql://x\"\n{}",
        MAPI.replace("a0b1c2d3e4f5", "another")
    );
    let changed = old.changed_sections(&load(&text).unwrap());
    assert_eq!(changed, ["database", "ingress", "events"]);
}

//! Where each value comes from.

use std::ffi::OsString;
use std::time::Duration;

use alipay::Charset;
use config::Config;

use crate::support::{File, MAPI, environment};

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
    assert_eq!(config.amqp.urls[0].expose_secret(), "amqp://guest:guest@127.0.0.1:5672/%2f");
    let error = config.require_merchants().unwrap_err();
    assert!(error.to_string().starts_with("merchants: "), "{error}");
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
    assert_eq!(config.amqp.urls[0].expose_secret(), "amqp://env");
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
        .with("md5", "from-file \n")
        .with("crlf", "from-file\r\n")
        .with("url", "mysql://secret/x\n");
    for (name, expected) in [("md5", "from-file"), ("crlf", "from-file")] {
        let config = file.load(&[("ALIPAY__MERCHANTS__SHOP__MD5_KEY_FILE", name)]).unwrap();
        let md5_key = config.merchant("shop").unwrap().md5_key.clone();
        assert!(md5_key == Some(alipay::Md5Key::new(expected)), "{name}");
    }
    let config = file.load(&[("ALIPAY__DATABASE__URL_FILE", "url")]).unwrap();
    assert_eq!(config.database.url.expose_secret(), "mysql://secret/x");
}

#[test]
fn who_named_a_server_is_known() {
    let file = File::new("[amqp]\nurl = \"amqp://a\"\n[database]\nurl_file = \"db.url\"\n")
        .with("db.url", "mysql://root:secret@db/alipay\n");
    let path = file.path();
    let config = file.load(&[]).unwrap();
    assert_eq!(config.amqp.source, format!("amqp.url in {}", path.display()));
    let url_file = path.with_file_name("db.url");
    let expected =
        format!("the file {} (database.url_file in {})", url_file.display(), path.display());
    assert_eq!(config.database.source, expected);

    let variables =
        [("DATABASE_URL", "mysql://root@db/alipay"), ("ALIPAY__AMQP__URLS", "amqp://a,amqp://b")];
    let config = file.load(&variables).unwrap();
    assert_eq!(config.database.source, "environment variable DATABASE_URL");
    assert_eq!(config.amqp.source, "environment variable ALIPAY__AMQP__URLS");
    let config = Config::load_from(None, environment(&[])).unwrap();
    assert_eq!(config.database.source, "the default of database.url: nothing sets it");
    assert_eq!(config.amqp.source, "the default of amqp.url: nothing sets it");
}

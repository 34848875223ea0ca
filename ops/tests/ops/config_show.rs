//! `ops config show`: every key with where it comes from, and no secret.

use serde_json::Value;

use crate::program::{NOBODY, Ops};

const KEY: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../common/alipay/tests/fixtures/keys/rsa2048-certificate.pem"
));

#[test]
fn every_value_is_shown_with_its_source_and_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("alipay.pem"), KEY).unwrap();
    let file = folder.path().join("alipay.toml");
    let text = "[worker]\nlanes = 3\n\n[merchants.shop]\nprotocol = \"mapi\"\nseller_id = \"2088000000000001\"\n\
                sign_types = [\"MD5\", \"RSA2\"]\nmd5_key = \"a-key-nobody-should-see\"\n\
                alipay_public_keys_file = \"alipay.pem\"\n";
    std::fs::write(&file, text).unwrap();
    let ops = Ops::at("mysql://shop:s3cr@t@127.0.0.1:1/shop", NOBODY.1)
        .set("ALIPAY__WORKER__BATCH", "17");
    let path = file.to_str().unwrap();
    let arguments = ["--config", path, "config", "show", "--output", "json"];
    let answer = ops.run_with(&arguments, b"").done();
    let table = ops.run_with(&["--config", path, "config", "show"], b"").done();
    for said in [&answer.stdout, &answer.stderr, &table.stdout] {
        for secret in ["a-key-nobody", "s3cr", "BEGIN"] {
            assert!(!said.contains(secret), "{secret}: {said}");
        }
    }
    let settings = answer.json();
    let of = |key: &str| -> (String, String) {
        let all = settings.as_array().unwrap();
        let found: Vec<&Value> = all.iter().filter(|it| it["key"] == key).collect();
        let [one] = found.as_slice() else { panic!("{key}: {found:?}") };
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        (text("value"), text("from"))
    };
    assert_eq!(of("worker.lanes"), ("3".to_owned(), format!("{path}:2")));
    assert_eq!(of("worker.batch"), ("17".to_owned(), "variable ALIPAY__WORKER__BATCH".to_owned()));
    assert_eq!(of("events.enabled"), ("false".to_owned(), "default".to_owned()));
    assert_eq!(of("merchants.shop.seller_id").1, format!("{path}:6"));
    let print = alipay::Md5Key::new("a-key-nobody-should-see").fingerprint();
    assert_eq!(of("merchants.shop.md5_key"), (format!("fingerprint {print}"), format!("{path}:8")));
    let (url, from) = of("database.url");
    assert!(
        url.starts_with("mysql://shop:(fingerprint ") && url.ends_with(")@127.0.0.1:1/shop"),
        "{url}"
    );
    assert_eq!(from, "variable DATABASE_URL");
    let (keys, _) = of("merchants.shop.alipay_public_keys_file");
    let print = alipay::PublicKey::read(KEY).unwrap().short_fingerprint();
    assert!(keys.contains("alipay.pem") && keys.contains(&print), "{keys}");

    let only = ["--config", path, "config", "show", "--only", "merchants.shop", "--output", "json"];
    let shop = ops.run_with(&only, b"").done().json();
    assert!(
        shop.as_array()
            .unwrap()
            .iter()
            .all(|it| it["key"].as_str().unwrap().starts_with("merchants.shop."))
    );
    ops.run("config show --only wurker").ended(1, "no key that is set begins with wurker");
    ops.set("ALIPAY__WORKER__LANES", "none").run("config show").ended(2, "worker.lanes");
}

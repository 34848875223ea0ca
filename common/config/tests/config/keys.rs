//! The keys of a merchant: which are usable, which verify, and that none is printed.

use std::time::SystemTime;

use crate::support::{File, MAPI, key, load, openapi, refused};

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
    let der = File::new(files).with("short.pem", &[0x30, 0x82, 0x03, 0x91]);
    refused(der.load(&[]), "merchants.app.alipay_public_keys_file", "are PEM or base64, not DER");
}

#[test]
fn the_md5_key_before_a_change_verifies_and_does_not_sign() {
    let shop = |lines: &str| load(&format!("{MAPI}{lines}\n")).unwrap().merchants["shop"].clone();
    let merchant = shop("md5_old_key = \"before\"");
    let key_of = |key| {
        merchant
            .verifier
            .verify(&signed(key), &[], SystemTime::now().into())
            .map(|verified| verified.key)
    };
    assert_eq!((key_of("a0b1c2d3e4f5"), key_of("before")), (Ok(0), Ok(1)));
    assert!(key_of("another").is_err());
    assert!(shop("").verifier.verify(&signed("before"), &[], SystemTime::now().into()).is_err());
    let sign = |key: alipay::Md5Key| alipay::Signer::Md5(key);
    let mut form = alipay::Form::from_pairs([("a", "1")]);
    sign(merchant.md5_key.unwrap()).sign_form(&mut form, alipay::Rule::DropEmpty).unwrap();
    assert_eq!(form, signed("a0b1c2d3e4f5"));

    let openapi = openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]");
    let alone = load(&format!("{openapi}md5_old_key = \"x\"\n"));
    refused(alone, "merchants.app.md5_old_key", "without md5_key");
}

/// Signed with this MD5 key.
fn signed(key: &str) -> alipay::Form {
    let mut form = alipay::Form::from_pairs([("a", "1")]);
    let signer = alipay::Signer::Md5(alipay::Md5Key::new(key));
    signer.sign_form(&mut form, alipay::Rule::DropEmpty).unwrap();
    form
}

const ISSUED: &str = "0123456789abcdefghijklmnopqrstuv";

/// A blank or a byte order mark beside the key used to be part of it, and every payment was refused.
#[test]
fn an_md5_key_is_read_as_people_store_it() {
    let inline = |key: &str| MAPI.replace("a0b1c2d3e4f5", key);
    let named = inline("x").replace("md5_key = \"x\"", "md5_key_file = \"shop.md5\"");
    let takes = |config: &config::Config| {
        let verifier = &config.merchants["shop"].verifier;
        verifier.verify(&signed(ISSUED), &[], SystemTime::now().into()).is_ok()
    };
    let around = [
        ("", ""),
        ("\u{feff}", ""),
        ("", " \r\n"),
        ("", "\n\n"),
        ("", "\t"),
        ("", "\r"),
        ("\u{feff}", "  \r\n\r\n"),
    ];
    for (before, behind) in around {
        let text = format!("{before}{ISSUED}{behind}");
        let file = File::new(&named).with("shop.md5", &text);
        assert!(takes(&file.load(&[]).unwrap()), "file {text:?}");
        let variable = ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", text.as_str());
        assert!(takes(&File::new(MAPI).load(&[variable]).unwrap()), "variable {text:?}");
        let escaped = text.replace('\u{feff}', "\\uFEFF").replace('\r', "\\r");
        let escaped = escaped.replace('\n', "\\n").replace('\t', "\\t");
        assert!(takes(&load(&inline(&escaped)).unwrap()), "in the file {text:?}");
        let old = format!("{MAPI}md5_old_key_file = \"old.md5\"\n");
        let old = File::new(&old).with("old.md5", &text);
        assert!(takes(&old.load(&[]).unwrap()), "the key before {text:?}");
        let retired = format!(
            "{MAPI}retired_keys = [{{ md5_key_file = \"r.md5\", until = \"2999-01-01T00:00:00Z\" }}]\n"
        );
        let retired = File::new(&retired).with("r.md5", &text);
        assert!(takes(&retired.load(&[]).unwrap()), "a retired key {text:?}");
    }
    for (text, says) in [
        (format!(" {ISSUED}"), "byte 1 is U+0020 (space)"),
        (format!("{ISSUED}\u{a0}\n"), "byte 33 is U+00A0 (no-break space)"),
        (format!("\u{feff}\u{feff}{ISSUED}"), "byte 4 is U+FEFF (byte order mark)"),
        (format!("{ISSUED}\n{ISSUED}\n"), "byte 33 is U+000A (line feed)"),
        (format!("md5_key = {ISSUED}"), "byte 8 is U+0020 (space)"),
        (format!("0123\u{200b}{ISSUED}"), "byte 5 is U+200B (zero width space)"),
    ] {
        let file = File::new(&named).with("shop.md5", &text);
        let told = refused(file.load(&[]), "merchants.shop.md5_key_file", says);
        assert!(told.contains("shop.md5") && !told.contains(ISSUED), "{told}");
        let variable = ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", text.as_str());
        refused(File::new(MAPI).load(&[variable]), "merchants.shop.md5_key", says);
    }
    let utf16: Vec<u8> = "\u{feff}0123".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = File::new(&named).with("shop.md5", &utf16);
    refused(file.load(&[]), "merchants.shop.md5_key_file", "UTF-16");
}

/// What else is read out of files: private and public keys, certificates, URLs with passwords.
#[test]
fn other_secrets_are_read_as_people_store_them() {
    let (public, private) = (key("rsa2048.pub.pem"), key("rsa2048.key.pem"));
    let bare = |pem: &str| -> String { pem.lines().filter(|it| !it.starts_with('-')).collect() };
    let text = "[merchants.app]\nprotocol = \"openapi\"\napp_id = \"1\"\nsign_types = [\"RSA2\"]\n\
                alipay_public_keys_file = \"alipay.pub\"\n";
    let own = "[merchants.shop]\nprotocol = \"mapi\"\nseller_id = \"2088\"\nsign_types = [\"MD5\"]\n\
               md5_key = \"a\"\nprivate_key_file = \"own.key\"\n";
    for (before, behind) in
        [("", ""), ("\u{feff}", ""), ("\n \n", " \r\n\r\n"), ("\u{feff}\r\n", "\t\n\n")]
    {
        for form in [public.clone(), bare(&public), public.replace('\n', "\r\n")] {
            let file = File::new(text).with("alipay.pub", &format!("{before}{form}{behind}"));
            let keys = &file.load(&[]).unwrap().merchants["app"].public_keys;
            assert_eq!(keys.len(), 1, "{before:?} {behind:?}");
        }
        for form in [private.clone(), bare(&private)] {
            let file = File::new(own).with("own.key", &format!("{before}{form}{behind}"));
            assert!(file.load(&[]).unwrap().merchants["shop"].private_key.is_some());
        }
    }
    let at = bare(&public).len() + 1;
    let file = File::new(text).with("alipay.pub", &format!("{}\u{200b}\n", bare(&public)));
    let says = format!("byte {at} is U+200B");
    refused(file.load(&[]), "merchants.app.alipay_public_keys_file", &says);
    let file = File::new(own).with("own.key", &private.replacen("MII", "M\u{200b}I", 1));
    refused(file.load(&[]), "merchants.shop.private_key_file", "is U+200B");

    let url = "mysql://alipay:secret@db/alipay";
    let database = |text: &str| File::new("[database]\nurl_file = \"db\"\n").with("db", text);
    for text in [format!("{url}\n\n"), format!("\u{feff}{url} \r\n"), format!("{url}\t")] {
        let config = database(&text).load(&[]).unwrap();
        assert_eq!(config.database.url.expose_secret(), url, "{text:?}");
        let config = File::new("").load(&[("DATABASE_URL", &text)]).unwrap();
        assert_eq!(config.database.url.expose_secret(), url, "{text:?}");
        let amqp = text.replace("mysql", "amqp");
        let config = File::new("").load(&[("AMQP_URL", &amqp)]).unwrap();
        assert_eq!(config.amqp.urls[0].expose_secret(), "amqp://alipay:secret@db/alipay");
    }
    let told = refused(
        database("mysql://alipay:secret\n@db/alipay").load(&[]),
        "database.url_file",
        "byte 22 is U+000A (line feed)",
    );
    assert!(!told.contains("secret"), "{told}");
    let urls = "[amqp]\nurls = [\"amqp://a\\n\", \"amqp://b\\u200B\"]\n";
    refused(load(urls), "amqp.urls", "byte 9 is U+200B");
}

/// A blank beside a number: every notification would be another merchant's.
#[test]
fn numbers_and_addresses_are_read_as_people_paste_them() {
    let seller = |text: &str| load(&MAPI.replace("2088002007018916", text));
    for text in ["2088002007018916 ", "2088002007018916\\t", "\\uFEFF2088002007018916\\n"] {
        let config = seller(text).unwrap();
        assert_eq!(config.merchants["shop"].seller_id.as_deref(), Some("2088002007018916"));
    }
    let path = "merchants.shop.seller_id";
    refused(seller(" 2088002007018916"), path, "byte 1 is U+0020 (space)");
    refused(seller("2088002007018916\\u200B"), path, "byte 17 is U+200B (zero width space)");
    refused(seller("\\u00A02088002007018916"), path, "byte 1 is U+00A0 (no-break space)");
    assert!(load(&format!("\u{feff}{MAPI}")).is_ok(), "a file with a byte order mark");
    // A user with a blank behind it publishes nothing that a worker believes.
    let users = |ops: &str| {
        load(&format!(
            "[amqp]\ningress_users = [\"ingress \"]\nworker_users = [\"worker\\n\"]\nops_users = [\"{ops}\"]\n"
        ))
    };
    let publishers = users("ops\\t").unwrap().amqp.publishers.unwrap();
    assert_eq!(
        (&publishers.ingress[0], &publishers.worker[0]),
        (&"ingress".to_owned(), &"worker".to_owned())
    );
    assert_eq!(publishers.ops, ["ops"]);
    refused(users("\\u200Bops"), "amqp.ops_users", "number 1: byte 1 is U+200B (zero width space)");
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
fn the_merchants_own_public_key_is_not_alipays() {
    let own = key("rsa2048.key.pem");
    let app = openapi(&key("rsa2048.pub.pem"), "[\"RSA2\"]");
    let text = format!("{app}private_key = '''{own}'''\n");
    let path = "merchants.app.alipay_public_keys";
    let said = refused(load(&text), path, "key number 1 is the merchant's own public key");
    assert!(said.contains("支付宝公钥") && said.contains("open.alipay.com"), "{said}");
    // Pasted at one merchant, while the private key is another one's.
    let other = app.replace("merchants.app", "merchants.other").replace("2021001", "2021002");
    let other = other.replace(&key("rsa2048.pub.pem"), &strange_public_key());
    let text = format!("{app}{other}private_key = '''{own}'''\n");
    refused(load(&text), path, "that of merchants.other.private_key");
}

/// A public key that belongs to none of the private ones here.
fn strange_public_key() -> String {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ingress/tests/keys/alipay.pub.pem");
    std::fs::read_to_string(shared).unwrap()
}

//! Keys that are not used any more, each with its end.

use alipay::{Form, Md5Key, Rule, Signer};
use chrono::{DateTime, TimeDelta, Utc};
use config::Config;

use crate::support::{File, MAPI, key, load, openapi, refused};

const UNTIL: &str = "2026-12-01T00:00:00+08:00";

fn reason(config: &Config, at: DateTime<Utc>) -> &'static str {
    let mut form = Form::from_pairs([("a", "1")]);
    Signer::Md5(Md5Key::new("before")).sign_form(&mut form, Rule::DropEmpty).unwrap();
    let verified = config.merchants["shop"].verifier.verify(&form, &[], at);
    verified.err().map_or("good", |error| error.reason_code())
}

#[test]
fn a_key_counts_before_its_end_however_it_is_written() {
    let until: DateTime<Utc> = UNTIL.parse().unwrap();
    let entry = format!("md5_key = \"before\"\nuntil = \"{UNTIL}\"");
    let bare = entry.replace(&format!("\"{UNTIL}\""), UNTIL);
    let section = |entry: &str| format!("{MAPI}[[merchants.shop.retired_keys]]\n{entry}\n");
    let inline =
        format!("{MAPI}retired_keys = [{{ md5_key = \"before\", until = \"{UNTIL}\" }}]\n");
    let file = section(&entry.replace("md5_key = \"before\"", "md5_key_file = \"old.key\""));
    let variable = format!("[{{ md5_key = \"before\", until = \"{UNTIL}\" }}]");
    for config in [
        load(&section(&entry)),
        load(&section(&bare)),
        load(&inline),
        File::new(&file).with("old.key", "before\n").load(&[]),
        File::new(MAPI).load(&[("ALIPAY__MERCHANTS__SHOP__RETIRED_KEYS", &variable)]),
    ] {
        let config = config.unwrap();
        assert_eq!(reason(&config, until - TimeDelta::seconds(1)), "good");
        assert_eq!(reason(&config, until), "key_retired");
    }
}

#[test]
fn public_keys_have_sign_types() {
    let long = key("rsa2048.pub.pem");
    let retired = |key: &str, more: &str| {
        let entry = format!("public_key = \"\"\"{key}\"\"\"\nuntil = \"{UNTIL}\"\n{more}\n");
        load(&format!("{}[[merchants.app.retired_keys]]\n{entry}", openapi(&long, "[\"RSA2\"]")))
    };
    retired(&long, "").unwrap();
    // A short key can only be one of RSA.
    retired(&key("rsa1024.pub.pem"), "").unwrap();
    retired(&key("rsa1024.pub.pem"), "sign_types = [\"RSA\"]").unwrap();
    let path = "merchants.app.retired_keys";
    let short = retired(&key("rsa1024.pub.pem"), "sign_types = [\"RSA2\"]");
    refused(short, path, "1024 bits");
    refused(retired(&long, "sign_types = [\"MD5\"]"), path, "\"MD5\" is not");
    refused(retired("not a key", ""), path, "key number 1");
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    let path = "merchants.shop.retired_keys";
    for (entry, says) in [
        ("md5_key = \"x\"", "needs until"),
        ("md5_key = \"x\"\nuntil = \"2026-12-01\"", "is not a time with its zone"),
        ("md5_key = \"x\"\nuntil = \"2026-12-01 00:00:00\"", "is not a time with its zone"),
        ("until = \"2026-12-01T00:00:00Z\"", "needs either public_key or md5_key"),
        ("md5_key = \"\"\nuntil = \"2026-12-01T00:00:00Z\"", "md5_key is empty"),
        ("md5_key = \"x\"\nuntill = \"2026-12-01T00:00:00Z\"", "\"untill\" is none of"),
        ("md5_key = 7\nuntil = \"2026-12-01T00:00:00Z\"", "md5_key: expected text in quotes"),
    ] {
        let config = load(&format!("{MAPI}[[merchants.shop.retired_keys]]\n{entry}\n"));
        refused(config, path, says);
    }
    let missing = "md5_key_file = \"nowhere\"\nuntil = \"2026-12-01T00:00:00Z\"";
    let config = load(&format!("{MAPI}[[merchants.shop.retired_keys]]\n{missing}\n"));
    refused(config, "merchants.shop.retired_keys.md5_key_file", "nowhere");
    let config = load(&format!("{MAPI}retired_keys = \"hunter2\"\n"));
    assert!(!refused(config, path, "a list of tables").contains("hunter2"));
    let variable = [("ALIPAY__MERCHANTS__SHOP__RETIRED_KEYS", "[{ md5_key = hunter2 }]")];
    let text = File::new(MAPI).load(&variable).unwrap_err().to_string();
    assert!(!text.contains("hunter2"), "{text}");
}

/// Else whoever has the merchant's own key could sign what is older than its end.
#[test]
fn the_merchants_own_public_key_is_refused() {
    let (long, own) = (key("rsa2048.pub.pem"), key("rsa2048.key.pem"));
    let other = key("rsa1024.pub.pem");
    let text = format!(
        "{}private_key = \"\"\"{own}\"\"\"\n[[merchants.app.retired_keys]]\n\
         public_key = \"\"\"{long}\"\"\"\nuntil = \"{UNTIL}\"\n",
        openapi(&other, "[\"RSA\"]")
    );
    refused(load(&text), "merchants.app.retired_keys", "the merchant's own public key");
}

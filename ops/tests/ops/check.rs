//! `ops check`: a configuration before it is used.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use testkit::{Program, Sandbox, until};

use crate::program::{Answer, NOBODY, Ops};

const SHOP: &str = "[merchants.shop]\nprotocol = \"mapi\"\nseller_id = \"2088\"\nsign_types = [\"MD5\"]\n\
                    md5_key = \"0123456789abcdefghijklmnopqrstuv\"\n";

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

    fn path(&self) -> PathBuf {
        self.folder.path().join("alipay.toml")
    }

    fn check(&self, ops: &Ops, options: &[&str]) -> Answer {
        let path = self.path();
        let all = [&["check", "--config", path.to_str().unwrap(), "--output", "json"], options];
        ops.run_with(&all.concat(), b"")
    }
}

#[test]
fn every_merchant_is_read_and_no_key_is_shown() {
    let ops = Ops::at("", "");
    let file = File::new(SHOP);
    let answer = file.check(&ops, &["--offline"]).done();
    assert!(!answer.stdout.contains("0123456789abcdef"), "{}", answer.stdout);
    let report = answer.json();
    let shop = &report["merchants"][0];
    assert_eq!(shop["name"], "shop");
    assert_eq!(shop["settings"]["md5_key"].as_str().unwrap().len(), 16);
    assert_eq!((&shop["lacks"], &report["problems"]), (&json!([]), &json!([])));
    let text = ["check", "--offline", "--config", file.path().to_str().unwrap()].map(str::to_owned);
    let text = ops.run_with(&text.each_ref().map(String::as_str), b"").done().stdout;
    assert!(text.contains("merchant shop\n") && text.contains("no server was asked"), "{text}");

    // Two problems of two merchants, and a third merchant that is right.
    let bad = format!(
        "{SHOP}[merchants.one]\nprotocol = \"mapi\"\nseller_id = \"2089\"\nsign_types = [\"MD5\"]\n\
         md5_key_file = \"one.md5\"\n[merchants.two]\nprotocol = \"openapi\"\nsign_types = [\"RSA2\"]\n"
    );
    let bad = File::new(&bad);
    fs::write(bad.folder.path().join("one.md5"), "0123456789abcdef\u{200b}\n").unwrap();
    let report = bad.check(&ops, &["--offline"]).ended(2, "2 problems").json();
    let problems = report["problems"].to_string();
    assert!(
        problems.contains("merchants.one.md5_key_file") && problems.contains("byte 17"),
        "{problems}"
    );
    assert!(problems.contains("merchants.two.app_id"), "{problems}");
    assert_eq!(report["merchants"][0]["name"], "shop");

    let short = File::new(&SHOP.replace("0123456789abcdefghijklmnopqrstuv", "hello"));
    let report = short.check(&ops, &["--offline"]).done().json();
    assert!(
        report["merchants"][0]["lacks"][0].as_str().unwrap().contains("32 lower-case"),
        "{report}"
    );
    File::new("").check(&ops, &["--offline"]).ended(2, "1 problem");
    File::new("[ingres]\n").check(&ops, &["--offline"]).ended(2, "1 problem");
    let open = File::new(SHOP);
    fs::set_permissions(open.path(), std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let report = open.check(&ops, &["--offline"]).done().json();
    assert!(report["warnings"][0].as_str().unwrap().contains("chmod"), "{report}");
    open.check(&ops, &["--offline", "--strict"]).ended(2, "1 problem");
}

#[test]
fn check_asks_the_servers_and_names_what_is_missing() {
    let nobody =
        File::new(SHOP).check(&Ops::at(NOBODY.0, NOBODY.1), &[]).ended(3, "did not answer");
    assert!(nobody.json()["database"]["error"].is_string(), "{}", nobody.stdout);
    // Neither is configured, so no server is asked, as on a machine with only an ingress.
    let none = File::new(SHOP).check(&Ops::at("", ""), &[]).done().json();
    assert_eq!(none["database"]["not_asked"], "database.url is not set");
    assert_eq!(none["running"].as_array().unwrap().len(), 2);

    let sandbox = Sandbox::new();
    let ops = Ops::new(&sandbox);
    let file = File::new(SHOP);
    let missing = file.check(&ops, &[]).ended(1, "something is missing").json();
    assert!(
        missing["database"]["missing"][0].as_str().unwrap().contains("ops migrate"),
        "{missing}"
    );
    assert!(
        missing["broker"]["missing"][0].as_str().unwrap().contains("ops topology apply"),
        "{missing}"
    );
    let ingress = file.check(&ops, &["--only", "ingress"]).ended(1, "missing").json();
    assert_eq!(ingress["database"]["not_asked"], "an ingress needs none");
    ops.run("migrate").done();
    ops.run("topology apply").done();
    let all = file.check(&ops, &[]).done().json();
    assert_eq!((&all["database"]["missing"], &all["broker"]["missing"]), (&json!([]), &json!([])));
    assert!(all["database"]["has"].to_string().contains("may read and write"), "{all}");
    file.check(&ops, &["--only", "worker"]).done();
}

#[test]
fn check_shows_what_sighup_would_change_by_fingerprint() {
    let sandbox = Sandbox::new();
    let ops = Ops::new(&sandbox);
    let file = File::new(SHOP);
    let environment = [
        ("DATABASE_URL", sandbox.database_url.as_str()),
        ("AMQP_URL", sandbox.amqp_url.as_str()),
        ("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0"),
        ("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0"),
    ];
    let path = file.path();
    let mut ingress =
        Program::start("ingress", &["--config", path.to_str().unwrap()], &environment);
    let line = ingress.wait_until_ready();
    let admin = line.value("admin");
    ops.run("migrate").done();
    ops.run("topology apply").done();
    // The free ports of this ingress are what its own file says, too.
    let ops = ops
        .set("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0")
        .set("ALIPAY__INGRESS__ADMIN_LISTEN", "127.0.0.1:0");
    let asked = |options: &[&str]| -> Value {
        let report = file.check(&ops, &[&["--running", admin], options].concat()).done().json();
        report["running"]
            .as_array()
            .unwrap()
            .iter()
            .find(|it| it["address"] == admin)
            .unwrap()
            .clone()
    };
    let same = asked(&[]);
    assert_eq!(same["program"], "ingress");
    let nothing = json!({ "added": [], "removed": [], "changed": [], "restart": [] });
    assert_eq!(same["difference"], nothing);

    let old = "0123456789abcdefghijklmnopqrstuv";
    let next = SHOP.replace(old, "vutsrqponmlkjihgfedcba9876543210");
    let next = format!("[ingress]\nmax_body = 2000\n{next}md5_old_key = \"{old}\"\n");
    fs::write(file.path(), next).unwrap();
    let would = asked(&[]);
    let difference = &would["difference"];
    assert_eq!(difference["restart"], json!(["ingress"]));
    let changed = difference["changed"].as_array().unwrap();
    assert_eq!(
        (&changed[0]["setting"], &changed[1]["setting"]),
        (&json!("md5_key"), &json!("md5_old_key"))
    );
    assert_eq!(changed[0]["runs"], changed[1]["next"]);
    assert!(!would.to_string().contains(old), "{would}");
    let text = ["check", "--running", admin, "--config", path.to_str().unwrap()];
    let text = ops.run_with(&text, b"").done().stdout;
    assert!(
        text.contains("SIGHUP would change") && text.contains("merchant shop: md5_key: "),
        "{text}"
    );

    let id = ingress.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().unwrap().success());
    // The answer itself says when it was read again.
    until("it is read again", || asked(&[])["difference"]["changed"] == json!([]));
    file.check(&ops, &["--running", "127.0.0.1:1"]).ended(3, "did not answer");
}

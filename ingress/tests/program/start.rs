//! The start of the program, and failed starts.

use testkit::run_program;

use crate::running::shop;

#[test]
fn exit_code_2_for_an_invalid_configuration_names_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alipay.toml");
    let path = file.to_str().unwrap();
    for (text, variables, named) in [
        ("", &[][..], "merchants: "),
        ("[ingress]\nlistn = \"127.0.0.1:0\"\n", &shop()[..], "ingress.listn: unknown key"),
        ("[merchants.x]\nprotocol = \"mapi\"\n", &[][..], "merchants.x.seller_id: required"),
    ] {
        std::fs::write(&file, text).unwrap();
        let output = run_program("ingress", &["--config", path], variables);
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{log}");
        assert!(log.contains(named), "{log}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn conflicting_broker_hosts_are_named() {
    let mut variables = vec![("AMQP_URL", "amqp://u:hunter2@a,amqps://u:hunter2@b")];
    variables.extend(shop());
    let output = run_program("ingress", &[], &variables);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{log}");
    assert!(log.contains("amqp.url: amqp:// and amqps:// are mixed"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[test]
fn an_address_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut variables = vec![("ALIPAY__INGRESS__LISTEN", address.as_str())];
    variables.extend(shop());
    let output = run_program("ingress", &[], &variables);
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{log}");
    assert!(log.contains(&format!("ingress.listen {address}")), "{log}");
}

#[test]
fn the_version_is_printed() {
    let output = run_program("ingress", &["--version"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text, format!("ingress {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_file_readable_by_all_users_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("shop.md5");
    std::fs::write(&key, "a-key").unwrap();
    let mode = |mode| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(&key, permissions).unwrap();
    };
    let file = key.display().to_string();
    let mut variables: Vec<(&str, &str)> = crate::running::shop()[..3].to_vec();
    variables.push(("ALIPAY__MERCHANTS__SHOP__MD5_KEY_FILE", &file));
    variables.extend([
        ("ALIPAY__AMQP__URL", "amqp://127.0.0.1:1"),
        ("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0"),
    ]);
    let start = |arguments: &'static [&'static str]| {
        testkit::Program::start("ingress", arguments, &variables)
    };
    mode(0o644);
    let mut strict = start(&["--strict"]);
    let status = tokio::task::spawn_blocking(move || (strict.wait(), strict.stderr()));
    let (status, log) = status.await.unwrap();
    assert_eq!(status.code(), Some(2), "{log}");
    assert!(log.contains("--strict") && log.contains("shop.md5 (mode 644)"), "{log}");
    let mut lenient = start(&[]);
    lenient.wait_until_ready();
    assert!(lenient.stderr().contains("shop.md5 (mode 644)"), "{}", lenient.stderr());
    mode(0o640);
    let mut fine = start(&["--strict"]);
    fine.wait_until_ready();
    assert!(!fine.stderr().contains("mode"), "{}", fine.stderr());
}

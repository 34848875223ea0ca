//! The units and docker-compose.yml have the restrictions that the documents promise.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

const UNITS: [&str; 4] = ["alipay-ingress", "alipay-worker@", "alipay-audit", "alipay-notify"];

#[test]
fn every_unit_is_hardened_and_gets_its_secrets_from_systemd() {
    for unit in UNITS {
        let text = read(&format!("docs/systemd/{unit}.service"));
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        for needed in [
            "NoNewPrivileges=yes",
            "ProtectSystem=strict",
            "PrivateDevices=yes",
            "CapabilityBoundingSet=",
            "MemoryDenyWriteExecute=yes",
            "SystemCallFilter=@system-service",
            "UMask=0077",
        ] {
            assert!(lines.contains(&needed), "{unit} lacks {needed}");
        }
        for needed in ["MemoryMax=", "LoadCredential=amqp_url:", "User=alipay-"] {
            assert!(lines.iter().any(|line| line.starts_with(needed)), "{unit} lacks {needed}");
        }
        assert!(text.contains(" --strict "), "{unit} starts with secrets that all can read");
    }
    let ingress = read("docs/systemd/alipay-ingress.service");
    assert!(!ingress.contains("LoadCredential=database") && !ingress.contains("worker.toml"));
}

#[test]
fn systemd_security_rates_every_unit_as_safe() {
    let installed = Command::new("systemd-analyze").arg("--version").output();
    if installed.is_err() {
        eprintln!("not tested: systemd-analyze is not installed");
        return;
    }
    for unit in UNITS {
        let file = root().join(format!("docs/systemd/{unit}.service"));
        let output = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=20", "--no-pager"])
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let last = said.lines().last().unwrap_or_default().to_owned();
        assert!(output.status.success(), "{unit}: {last}");
    }
}

/// The lines of each service.
fn services() -> BTreeMap<String, Vec<String>> {
    let text = read("docker-compose.yml");
    let (_, text) = text.split_once("\nservices:\n").unwrap();
    let mut services: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines().take_while(|line| line.is_empty() || line.starts_with(' ')) {
        match line.strip_prefix("  ").filter(|line| !line.starts_with([' ', '#'])) {
            Some(head) => name = head.trim_end_matches(':').to_owned(),
            None => services.entry(name.clone()).or_default().push(line.trim().to_owned()),
        }
    }
    services
}

#[test]
fn each_service_has_only_its_own_secrets_and_networks() {
    let services = services();
    let line = |service: &str, key: &str| -> String {
        let lines = &services[service];
        lines.iter().find_map(|line| line.strip_prefix(key)).unwrap_or_default().trim().to_owned()
    };
    for (service, secrets, networks) in [
        ("ingress", "[ingress_amqp_url]", "[front, broker]"),
        ("worker", "[database_url, worker_amqp_url]", "[outbound, broker, database]"),
        ("console", "[database_url, ops_amqp_url]", "[console, broker, database]"),
        ("notify", "[database_url, ops_amqp_url]", "[outbound, broker, database]"),
        ("migrate", "[database_url]", "[database]"),
        ("mysql", "[mysql_password]", "[database]"),
        ("rabbitmq", "", "[broker]"),
    ] {
        assert_eq!(line(service, "secrets:"), secrets, "{service}");
        assert_eq!(line(service, "networks:"), networks, "{service}");
    }
    for (name, lines) in &services {
        let text = lines.join("\n");
        let ours = !matches!(name.as_str(), "mysql" | "rabbitmq");
        assert_eq!(text.contains("<<: *program"), ours, "{name}");
        assert!(ours || text.contains("no-new-privileges:true"), "{name}");
        // Only on this machine, and only ports for the proxy.
        let ports = line(name, "ports:");
        assert!(ports.is_empty() || ports.starts_with("[\"127.0.0.1:"), "{name}: {ports}");
        assert!(ports.is_empty() || matches!(name.as_str(), "ingress" | "console"), "{name}");
    }
    let ingress = services["ingress"].join("\n").to_lowercase();
    assert!(!ingress.contains("database") && !ingress.contains("worker"), "{ingress}");
    let all = read("docker-compose.yml");
    for closed in ["read_only: true", "cap_drop: [ALL]", "no-new-privileges:true"] {
        assert!(all.split("\nservices:").next().unwrap().contains(closed), "{closed}");
    }
    let nothing_told =
        ["alipay:alipay@", "RABBITMQ_DEFAULT_PASS", "MYSQL_PASSWORD:", "-management"];
    for told in nothing_told {
        assert!(!all.contains(told), "{told}");
    }
    assert!(!read("Dockerfile").contains("/simulator"));
}

/// The ingress's example has no private key and no database; both are configurations that can be read.
#[test]
fn the_example_configurations_are_valid() {
    let folder = tempfile::tempdir().unwrap();
    let keys = root().join("common/alipay/tests/fixtures/keys");
    fs::create_dir(folder.path().join("secrets")).unwrap();
    for (key, file) in
        [("rsa2048-spki.pem", "alipay_public.pem"), ("app-private.pem", "secrets/app_private.pem")]
    {
        fs::copy(keys.join(key), folder.path().join(file)).unwrap();
    }
    let read = |name: &str| {
        let file = folder.path().join(name);
        fs::copy(root().join("docs/config").join(name), &file).unwrap();
        let urls = [
            ("ALIPAY__AMQP__URL", "amqp://127.0.0.1:1"),
            ("ALIPAY__DATABASE__URL", "mysql://127.0.0.1:1/alipay"),
        ];
        let urls = urls.map(|(name, value)| (name.into(), value.into()));
        config::Config::load_from(Some(&file), urls).unwrap()
    };
    let ingress = read("ingress.toml");
    assert!(ingress.merchant("app").unwrap().private_key.is_none());
    let text = fs::read_to_string(root().join("docs/config/ingress.toml")).unwrap();
    assert!(!text.contains("private_key_file") && !text.contains("[database]"), "{text}");
    assert!(read("worker.toml").merchant("app").unwrap().private_key.is_some());
}

//! What the crates may depend on (see the architecture): checked on the dependency graph itself.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Names of all crates that this one needs to run, directly or not.
fn graph(package: &str) -> BTreeSet<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "-p", package, "-e", "normal", "--prefix", "none"])
        .arg("--format={p}")
        .current_dir(workspace)
        // Under a shifted clock (`make test CLOCK=+400d`) cargo keeps the machine's: it dates its caches.
        .env_remove("LD_PRELOAD")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let names: BTreeSet<String> =
        text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(names.contains(package), "{text}");
    names
}

#[track_caller]
fn needs_none_of(package: &str, forbidden: &[&str]) {
    let graph = graph(package);
    let found: Vec<_> = forbidden.iter().filter(|name| graph.contains(**name)).collect();
    assert!(found.is_empty(), "{package} depends on {found:?}");
}

#[test]
fn the_ingress_knows_no_database() {
    needs_none_of("ingress", &["diesel", "diesel-async", "mysql_async", "store", "r2d2", "order"]);
    // The test can fail: what it looks for is there where it belongs.
    let store = graph("store");
    assert!(store.contains("diesel") && store.contains("diesel-async"));
    assert!(store.contains("mysql_async"));
    assert!(graph("ingress").contains("lapin"));
}

#[test]
fn the_protocol_and_the_order_do_no_input_or_output() {
    let forbidden = ["lapin", "diesel", "tokio", "hyper", "async-rs", "mio", "reqwest", "rustls"];
    needs_none_of("alipay", &forbidden);
    needs_none_of("order", &forbidden);
}

#[test]
fn configuration_and_service_know_neither_broker_nor_database() {
    needs_none_of("config", &["lapin", "diesel", "queue", "store"]);
    needs_none_of("service", &["lapin", "diesel", "queue", "store", "config"]);
    needs_none_of("queue", &["diesel", "store"]);
    needs_none_of("store", &["lapin", "queue"]);
}

#[test]
fn the_gateway_crate_knows_neither_broker_nor_database() {
    needs_none_of("gateway", &["lapin", "diesel", "queue", "store", "order"]);
}

/// Programs, and crates that only programs need.
const PROGRAMS: [&str; 11] = [
    "bench",
    "chaos",
    "demo",
    "fuzz-properties",
    "ingress",
    "integration",
    "ops",
    "shop",
    "simulator",
    "testkit",
    "worker",
];

#[test]
fn the_simulator_knows_no_database_of_a_shop() {
    // It stands in for Alipay, which does not see one either.
    needs_none_of("simulator", &["diesel", "lapin", "queue", "store"]);
}

#[test]
fn no_common_crate_depends_on_a_program() {
    for package in ["alipay", "config", "gateway", "order", "queue", "service", "store"] {
        needs_none_of(package, &PROGRAMS);
    }
}

#[test]
fn production_programs_depend_on_no_other_program() {
    for package in ["ingress", "ops", "shop", "simulator", "worker"] {
        // A dry run of `ops` uses the worker's own code.
        let allowed = |program: &str| program == package || (package, program) == ("ops", "worker");
        let others: Vec<&str> = PROGRAMS.into_iter().filter(|program| !allowed(program)).collect();
        needs_none_of(package, &others);
    }
}

#[test]
fn the_example_shop_uses_only_the_protocol_crate() {
    // It is an example to copy: it uses the protocol crate and no internal crate of the pipeline.
    needs_none_of("shop", &["config", "gateway", "order", "queue", "service", "store"]);
}

#[test]
fn every_crate_is_named_here() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let manifest = std::fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let members = manifest.split_once("members = [").unwrap().1.split_once(']').unwrap().0;
    let common = ["alipay", "config", "gateway", "order", "queue", "service", "store"];
    for member in members.split('"').skip(1).step_by(2) {
        let manifest = std::fs::read_to_string(workspace.join(member).join("Cargo.toml")).unwrap();
        let name = manifest.split('"').nth(1).unwrap();
        let known = if member.starts_with("common/") { &common[..] } else { &PROGRAMS[..] };
        assert!(known.contains(&name), "{member} is in none of these tests");
    }
}

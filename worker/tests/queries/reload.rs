//! SIGHUP: merchants and keys change without a restart.

use std::process::Command;

use chrono::Utc;
use queue::Envelope;
use testkit::{Program, until};

use crate::alipay_side::{AlipaySide, UNPAID};

fn reload(worker: &Program, says: &str) {
    let lines = || worker.stderr().matches(says).count();
    let before = lines();
    let id = worker.id().to_string();
    assert!(Command::new("kill").args(["-HUP", &id]).status().expect("kill").success());
    until(says, || lines() > before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_and_a_merchant_added_by_reload_are_used() {
    let mut side = tokio::task::spawn_blocking(|| AlipaySide::new(5)).await.expect("a world");
    let (_gateway, address) = side.gateway(&[]);
    let file = side.world.pipeline.config().to_owned();
    let whole = std::fs::read_to_string(&file).expect("the configuration");
    let without_key = |line: &&str| !line.starts_with("private_key_file");
    let keyless: Vec<&str> = whole.lines().filter(without_key).collect();
    std::fs::write(&file, keyless.join("\n")).expect("written");
    let worker = side.worker(&address, &[UNPAID]);
    assert!(worker.stderr().contains("merchants.app.private_key"), "{}", worker.stderr());

    // A worker that does not know the merchant.
    side.publish([Envelope::query_request("late", "LATE", "ops", Utc::now())]).await;
    until("a dead letter", || side.world.dead_letters().len() == 1);
    side.place("app", "LOST", "CODE");
    std::fs::write(&file, &whole).expect("written");
    side.pays("app", "LOST", &["--drop"]);
    std::fs::write(&file, "[merchants.app]\nprotocol = 1\n").expect("written");
    reload(&worker, "the new configuration cannot be used");

    let late = "[merchants.late]\nprotocol = \"mapi\"\nseller_id = \"2088000000000002\"\n\
                sign_types = [\"MD5\"]\nmd5_key = \"x\"\ngateway = \"http://127.0.0.1:9/\"\n";
    std::fs::write(&file, format!("{whole}\n{late}")).expect("written");
    reload(&worker, "merchants and their keys were read again");
    side.world.expect("LOST", |order| order["status"] == 8);
    side.place("late", "LATE", "CODE");
    side.publish([Envelope::query_request("late", "LATE", "ops", Utc::now())]).await;
    let applied = "notification WHERE merchant = 'late' AND outcome = 'applied'";
    side.world.wait_for_count(applied, 1);
    assert_eq!(side.world.dead_letters().len(), 1);
}

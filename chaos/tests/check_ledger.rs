//! `simulator storm` against the whole pipeline, and `check-ledger` of its ledger.
//! Run it under `testkit run`.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use testkit::{TestApp, run_program};

const CONFIG: &str = r#"
[ingress]
listen = "127.0.0.1:0"
[worker]
queries = false
[merchants.old]
protocol = "mapi"
seller_id = "2088101568338364"
sign_types = ["MD5"]
md5_key = "a-key"
"#;

/// Runs a program on the configuration of the app, with words that hold no spaces.
fn run(app: &TestApp, program: &str, words: &str) -> Output {
    app.pipeline.run(program, &words.split_whitespace().collect::<Vec<_>>())
}

fn check(app: &TestApp, ledger: &Path, more: &str) -> (Option<i32>, Value) {
    let words = format!("--ledger {} --output json {more}", ledger.display());
    let output = run(app, "check-ledger", &words);
    let Ok(report) = serde_json::from_slice(&output.stdout) else { panic!("{output:?}") };
    (output.status.code(), report)
}

#[test]
fn a_ledger_is_compared_with_the_database() {
    let app = TestApp::builder(CONFIG).with_codes(40).with_ingress(&[]);
    let (shop, to) = (&app.pipeline, app.notify_url("old"));
    let [ledger, changed] = ["ledger.jsonl", "changed.jsonl"].map(|name| shop.file(name));
    for number in 1..=10 {
        shop.order(&format!("A{number:06}"), "old", "CODE").unwrap();
    }
    shop.order("OTHER", "old", "CODE").unwrap();
    let storm = format!(
        "storm --prefix A --count 10 --rate 0 --mix pay+refund --duplicate 30 --corrupt 30 \
         --wrong-amount 30 --reorder --ledger {} --to {to}",
        ledger.display()
    );
    let output = run(&app, "simulator", &storm);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    // Nobody works yet: everything that was answered success is missing.
    let (code, report) = check(&app, &ledger, "");
    assert_eq!(code, Some(1));
    let missing = what(&report);
    assert!(missing.iter().filter(|it| *it == "not_received").count() >= 30, "{missing:?}");

    let _worker = app.start_worker();
    let (code, report) = check(&app, &ledger, "--wait 60s");
    assert_eq!((code, what(&report).len()), (Some(0), 0), "{report:#}");
    assert_eq!(report["orders"], 10);

    // A line about a notification that never was, and one about another order.
    let text = std::fs::read_to_string(&ledger).unwrap();
    let is_payment = |line: &&str| line.contains("\"pay\"") && !line.contains("\"fault\"");
    let line = text.lines().find(is_payment).unwrap();
    let id = &line.split("\"notify_id\":\"").nth(1).unwrap()[..34];
    // In that line alone: a forged copy of the notification has the same id and may stand before it.
    let other = text.replacen(line, &line.replace(id, "2000112300222230900000000000000000"), 1);
    std::fs::write(&changed, other).unwrap();
    let (code, report) = check(&app, &changed, "");
    assert_eq!((code, what(&report)), (Some(1), vec!["not_received".to_owned()]));

    // Delivered, and the ledger knows nothing of it.
    let pay = format!("pay --order OTHER --total 10.00 --to {to}");
    assert_eq!(run(&app, "simulator", &pay).status.code(), Some(0));
    shop.until_order("OTHER", |order| order["status"] == 8);
    let (code, report) = check(&app, &ledger, "");
    assert_eq!((code, what(&report)), (Some(1), vec!["delivered_without_a_line".to_owned()]));
    assert_eq!(check(&app, &ledger, "--others").0, Some(0));
}

fn what(report: &Value) -> Vec<String> {
    let gaps = report["gaps"].as_array().unwrap();
    gaps.iter().map(|gap| gap["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_database_is_3_and_no_ledger_is_2() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("alipay.toml");
    std::fs::write(&config, CONFIG).unwrap();
    let run = |ledger: &Path| {
        let (config, ledger) = (config.display().to_string(), ledger.display().to_string());
        let arguments = ["--config", &config, "--ledger", &ledger];
        let nowhere = [
            ("DATABASE_URL", "mysql://someone:hidden@127.0.0.1:1/x"),
            ("AMQP_URL", "amqp://127.0.0.1:1/"),
        ];
        run_program("check-ledger", &arguments, &nowhere)
    };
    let ledger = folder.path().join("ledger.jsonl");
    assert_eq!(run(&ledger).status.code(), Some(2));
    std::fs::write(&ledger, "").unwrap();
    assert_eq!(run(&ledger).status.code(), Some(2), "empty");
    let line = r#"{"order":"A","notify_id":"1","kind":"pay","sent_at":"2026-11-23T00:00:00Z","attempts":1,"answered_success_at":null}"#;
    std::fs::write(&ledger, format!("{line}\n")).unwrap();
    let output = run(&ledger);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("hidden"));
}

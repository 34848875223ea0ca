//! The record of what operators do: every verb that changes something leaves a row.

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::Sandbox;

use crate::program::Ops;

/// Verbs that change nothing, or nothing but files.
const READS: &[&str] = &[
    "actions",
    "audit",
    "certs",
    "certs download",
    "check",
    "completions",
    "config show",
    "console",
    "console-password",
    "dlq history",
    "dlq list",
    "dlq show",
    "man",
    "notify",
    "order amendments",
    "order list",
    "order show",
    "order undelivered",
    "pause list",
    "pay-link",
    "product list",
    "refund-requests",
    "retries list",
    "review list",
    "review show",
    "status",
    "stock find",
    "stock list",
    "stock withdrawals",
    "topology plan",
    "verify",
];

/// Verbs that change something, a run of each in an order in which most succeed, and the action that is recorded.
const WRITES: &[(&str, &str, &str)] = &[
    ("migrate", "", "migrate_schema"),
    ("topology apply", "", "apply_topology"),
    ("product add", "gift --name Gift --kind stock --price 10", "add_product"),
    ("product set", "gift --price 12", "set_product"),
    ("stock import", "gift --file -", "import_codes"),
    ("stock withdraw", "gift --count 1 --reason checked --by wang", "withdraw_codes"),
    ("stock put-back", "1 --reason good --by wang", "put_back_codes"),
    ("stock resell", "gift --code CODE-1 --reason good --by wang", "resell_codes"),
    ("order create", "A-1 --merchant shop --product gift", "create_order"),
    ("order account", "A-1 li", "set_account"),
    ("order amend", "A-1 --total 11 --yes --reason wrong --by wang", "amend_order"),
    ("order import", "-", "import_orders"),
    ("close", "NOWHERE", "close_trade"),
    ("refund", "NOWHERE --amount 1 --reason broken --by wang", "request_refund"),
    ("query", "NOWHERE --apply", "apply_answer"),
    ("reconcile", "--since 1h", "reconcile_orders"),
    ("review decide", "7 noted --note seen --by wang", "decide_review"),
    ("dlq replay", "--all --by wang --note tried", "replay_letters"),
    ("dlq discard", "f00d --reason rubbish --by wang", "discard_letters"),
    ("dlq restore", "f00d --by wang", "restore_letters"),
    ("dlq note", "f00d seen --by wang", "note_letters"),
    ("dlq sync", "", "sync_letters"),
    ("pause everything", "--reason moved --by wang", "pause_work"),
    ("pause merchant", "shop --reason moved --by wang", "pause_work"),
    ("pause product", "gift --for 2h --reason moved --by wang", "pause_work"),
    ("resume everything", "--by wang", "resume_work"),
    ("resume merchant", "shop --by wang", "resume_work"),
    ("resume product", "gift --by wang", "resume_work"),
    ("retries forget", "f00d", "forget_retry"),
    ("prune", "", "prune_rows"),
];

/// The verbs without others below them, as the help texts name them.
fn verbs() -> BTreeSet<&'static str> {
    let help = include_str!("../snapshots/help.snap");
    let titles = help.lines().filter_map(|line| line.strip_prefix("===== ops "));
    let all: Vec<&str> = titles.filter_map(|title| title.strip_suffix(" --help")).collect();
    let is_group = |verb: &&str| {
        let below = format!("{verb} ");
        all.iter().any(|other| other.starts_with(&below)) && *verb != "certs"
    };
    all.iter().copied().filter(|verb| *verb != "--help" && !is_group(verb)).collect()
}

fn written() -> impl Iterator<Item = &'static str> {
    WRITES.iter().map(|(verb, ..)| *verb)
}

/// The words of column `column`, the first act first.
fn column(ops: &Ops, filter: &str, column: &str) -> Vec<String> {
    let rows = ops.json(&format!("actions {filter}"));
    let words = rows.as_array().unwrap().iter().map(|row| match &row[column] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    words.rev().collect()
}

#[test]
fn every_verb_is_known_to_read_or_to_write() {
    let known: BTreeSet<&str> = READS.iter().copied().chain(written()).collect();
    assert_eq!(verbs(), known, "does it change something? Then it is recorded: WRITES");
    assert_eq!(known.len(), READS.len() + WRITES.len(), "a verb is in both lists");
}

#[test]
fn every_verb_that_changes_something_leaves_a_row() {
    let sandbox = Sandbox::new();
    let ops = Ops::new(&sandbox).with_shop();
    for (at, (verb, arguments, action)) in WRITES.iter().enumerate() {
        let stdin = match *verb {
            "order import" => {
                "id,merchant,product,total,created_at,delivered\nB-1,shop,gift,10,2026-05-10 10:00:00,no\n"
            }
            _ => "CODE-1\nCODE-2\n",
        };
        let all: Vec<&str> = verb.split(' ').chain(arguments.split_whitespace()).collect();
        let ran = ops.run_with(&all, stdin.as_bytes());
        assert_ne!(ran.code, 2, "{verb} {arguments}: {}", ran.stderr);
        let rows = ops.json(&format!("actions --action {action}"));
        let so_far = WRITES[..=at].iter().filter(|(_, _, other)| other == action).count();
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), so_far, "{verb}: {rows:?}");
        // The latest.
        let row = &rows[0];
        let ended = if ran.code == 0 { "done" } else { "failed" };
        // A verb that did all it could, and says no, was done: no such code, no such letter.
        assert!(row["result"] == ended || row["result"] == "done", "{verb}: {row} {}", ran.stderr);
        assert_eq!(row["error"].is_null(), row["result"] == "done", "{verb}: {row}");
        assert_eq!(row["source"], "ops", "{verb}: {row}");
        let by = row["done_by"].as_str().unwrap();
        assert_eq!(by == "wang", arguments.contains("--by wang"), "{verb}: {row}");
        assert!(!by.is_empty());
    }
    // No code is in the record, whatever became of it.
    let all = ops.json("actions --limit 1000").to_string();
    assert!(!all.contains("CODE-"), "{all}");
}

#[test]
fn what_is_only_tried_leaves_no_row() {
    let sandbox = Sandbox::new();
    let ops = Ops::with_schema(&sandbox).with_shop();
    ops.run("topology apply").done();
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    let before = column(&ops, "", "action");
    assert_eq!(before, ["migrate_schema", "apply_topology", "add_product"]);
    ops.run_with(&["stock", "import", "gift", "--file", "-", "--dry-run"], b"CODE-1\n").done();
    for tried in [
        "prune --dry-run",
        "dlq replay --all --dry-run",
        "reconcile --since 1h --dry-run",
        "query NOWHERE",
        "order list",
    ] {
        ops.run(tried);
    }
    assert_eq!(column(&ops, "", "action"), before);
}

#[test]
fn a_row_says_who_what_and_what_became_of_it() {
    let (sandbox, other) = (Sandbox::database_only(), Sandbox::database_only());
    let ops = Ops::with_schema(&sandbox).set("USER", "li");
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run("product set gift --price 12").done();
    ops.run("product set other --price 12").ended(1, "there is no product other");
    let rows = ops.json("actions --action set_product");
    let [failed, set] = rows.as_array().unwrap().as_slice() else { panic!("{rows}") };
    assert_eq!((&set["subject_kind"], &set["subject"]), (&"product".into(), &"gift".into()));
    assert_eq!((&set["before"]["price"], &set["after"]["price"]), (&1000.into(), &1200.into()));
    assert!(set["done_by"].as_str().unwrap().starts_with("li@"), "{set}");
    assert_eq!(failed["result"], "failed");
    assert_eq!(failed["error"], "there is no product other");
    let sudo = Ops::with_schema(&other).set("USER", "root").set("SUDO_USER", "zhao");
    sudo.run("product add gift --name Gift --kind stock --price 10").done();
    assert_eq!(column(&sudo, "--action add_product", "done_by"), ["zhao"]);
    let text = ops.run("actions --action set_product").done().stdout;
    assert!(text.contains("price: 1000 → 1200") && text.contains("product gift"), "{text}");
}

#[test]
fn acts_are_found_by_person_subject_and_day_and_in_pages() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let rows = "INSERT INTO operator_action (done_at, done_by, source, action, subject_kind, subject, result) VALUES \
        ('2026-11-28 15:59:59', 'wang', 'console', 'replay_letters', 'letter', 'a1', 'done'), \
        ('2026-11-28 16:00:00', 'wang', 'console', 'replay_letters', 'letter', 'a2', 'done'), \
        ('2026-11-29 15:59:59', 'li', 'ops', 'decide_review', 'review', '7', 'failed'), \
        ('2026-11-29 16:00:00', 'li', 'ops', 'of_a_newer_version', 'order', 'A-1', 'begun')";
    diesel::connection::SimpleConnection::batch_execute(&mut *connection, rows).unwrap();
    let subjects = |filter: &str| {
        let mut found = column(&ops, filter, "subject");
        found.retain(|subject| subject != "schema");
        found
    };
    assert_eq!(subjects("--by wang"), ["a1", "a2"]);
    assert_eq!(subjects("--day 2026-11-29"), ["a2", "7"]);
    assert_eq!(subjects("--day 2026-11-29 --action replay_letters"), ["a2"]);
    assert_eq!(subjects("--subject A-1"), ["A-1"]);
    let page = ops.json("actions --limit 2");
    let last = page[1]["id"].to_string();
    assert_eq!(subjects(&format!("--older-than {last}")), ["a1", "a2"]);
    ops.run("actions --action of_a_newer_version").ended(2, "");
}

#[test]
fn a_crash_in_the_middle_leaves_the_row_of_an_act_that_has_begun() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run_with(&["stock", "import", "gift", "--file", "-"], b"CODE-1\n").done();
    let ops = ops.set("CRASH_POINT", "stock_withdraw.recorded");
    let mut withdraw = ops.start(&["stock", "withdraw", "gift", "--count", "1", "--by", "wang"]);
    assert!(!withdraw.wait().success());
    assert_eq!(column(&ops, "--by wang", "result"), ["begun"]);
}

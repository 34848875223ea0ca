//! `ops order list` as a search, and `ops stock find`.

use serde_json::{Value, json};

use crate::orders::shop;
use crate::program::Ops;

fn listed(ops: &Ops, filter: &str) -> String {
    let orders = ops.json(&format!("order list {filter}"));
    let ids = orders.as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap());
    ids.collect::<Vec<_>>().join(" ")
}

#[test]
fn orders_are_listed_by_number_total_and_time() {
    let (_sandbox, ops) = shop();
    let orders = "id,merchant,product,total,created_at,delivered\n\
        A-1,shop,gift,10.50,2026-05-10 23:59:59,no\n\
        A-2,shop,gift,10.50,2026-05-11 00:00:00,no\n\
        B-1,shop,vip,5,2026-05-11 08:00:00,no\n";
    ops.run_with(&["order", "import", "-"], orders.as_bytes()).done();
    for (filter, found) in [
        ("", "B-1 A-2 A-1"),
        ("--text A", "A-2 A-1"),
        ("--text A-2", "A-2"),
        ("--text %", ""),
        ("--total 10.5", "A-2 A-1"),
        ("--total 10.5 --since 2026-05-11", "A-2"),
        ("--until 2026-05-11", "A-1"),
        ("--after A-2", "A-1"),
        ("--limit 1", "B-1"),
    ] {
        assert_eq!(listed(&ops, filter), found, "{filter}");
    }
    ops.run("order list --total 0").ended(2, "above zero");
    ops.run("order list --since yesterday").ended(2, "expected an age");
}

#[test]
fn a_code_is_found_wherever_it_is() {
    let (_sandbox, ops) = shop();
    ops.run_with(&["stock", "import", "gift", "--file", "-"], b"CODE-1\nCODE-2\n").done();
    let find = |code: &str| ops.run_with(&["stock", "find", code, "--output", "json"], b"");
    let place = |state: &str, withdrawal: Value| json!([{ "product_id": "gift", "state": state, "order_id": null, "withdrawal": withdrawal }]);
    let on_sale = find("CODE-1").done().stdout;
    assert_eq!(serde_json::from_str::<Value>(&on_sale).unwrap(), place("available", Value::Null));
    ops.run("stock withdraw gift --code CODE-2 --by wang").done();
    let taken = find("CODE-2").done().stdout;
    assert_eq!(serde_json::from_str::<Value>(&taken).unwrap(), place("withdrawn", json!(1)));
    let piped = ops.run_with(&["stock", "find", "-"], b" CODE-1\r\n").done().stdout;
    assert!(piped.contains("gift") && piped.contains("available"), "{piped}");
    for copied in ["\u{feff}CODE-1", "CODE\u{feff}-1", "CODE-1\t", "\tCODE-1\u{a0}"] {
        assert_eq!(find(copied).done().stdout, on_sale, "{copied:?}");
    }
    ops.run_with(&["stock", "import", "gift", "--file", "-"], b"tab\t\n").done();
    assert!(find("tab\t").done().stdout.contains("available"));
    find("CODE-3").ended(1, "no product has or had this code");
    ops.run_with(&["stock", "find", "-"], b"\xff").ended(2, "not UTF-8");
    ops.run_with(&["stock", "find", "-"], b"A\nB").ended(2, "this is no code");
    ops.run_with(&["stock", "find", "-"], b"").ended(2, "say which code");
}

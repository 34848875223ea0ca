//! `ops audit`: a database that only workers wrote has no gaps; every other change is found.

mod damage;

use std::collections::BTreeSet;

use alipay::Protocol;
use diesel::RunQueryDsl as _;
use serde_json::{Value, json};
use testkit::clock::{beijing_in_form, minutes_ago};
use worker::batch::Outcome;

use self::damage::DAMAGE;
use crate::worker_at_hand::Shop;

/// A shop with an order for every final state that needs no person, and three that wait.
fn shop() -> Shop {
    let mut shop = Shop::new();
    shop.ops.run("product add gift2 --name Gift2 --kind stock --price 10").done();
    shop.ops.run("product add vip --name VIP --kind subscription --price 10 --days 30").done();
    shop.ops.run("product add hand --name Hand --kind manual --price 10").done();
    shop.ops.run("product add rare --name Rare --kind stock --price 10").done();
    shop.stock("CODE-1\nCODE-2\nCODE-3\nFREE\n");
    let codes = ["stock", "import", "gift2", "--file", "-"];
    shop.ops.run_with(&codes, b"OTHER-1\n").done();
    for (order, product) in [
        ("PAID", "gift"),
        ("BACK", "gift"),
        ("PART", "gift"),
        ("TWIN", "gift2"),
        ("VIP", "vip"),
        ("HAND", "hand"),
        ("RARE", "rare"),
        ("OPEN", "gift"),
        ("NEW", "gift"),
    ] {
        let account = if product == "vip" { "--account ann" } else { "" };
        let create = format!("order create {order} --merchant shop --product {product} {account}");
        shop.ops.run(&create).done();
        if order != "NEW" {
            let status = if order == "OPEN" { "WAIT_BUYER_PAY" } else { "TRADE_SUCCESS" };
            hear(&mut shop, order, status, "");
        }
    }
    let refunded_at = beijing_in_form(minutes_ago(1));
    let refund = format!("&refund_fee=10.00&out_biz_no=r1&gmt_refund={refunded_at}");
    hear(&mut shop, "BACK", "TRADE_CLOSED", &refund);
    let batch = "notify_type=batch_refund_notify&batch_no=B1&success_num=1\
                 &result_details=T-PART%5E4.00%5ESUCCESS";
    assert_eq!(shop.hear(Protocol::Mapi, batch), Outcome::Done);
    shop
}

fn hear(shop: &mut Shop, order: &str, status: &str, more: &str) {
    let paid_at = beijing_in_form(minutes_ago(2));
    let paid = if status == "WAIT_BUYER_PAY" { "" } else { &format!("&gmt_payment={paid_at}") };
    let body = format!(
        "out_trade_no={order}&trade_no=T-{order}&total_amount=10.00&trade_status={status}{paid}{more}"
    );
    assert_eq!(shop.hear(Protocol::Openapi, &body), Outcome::Done);
}

fn sql(shop: &mut Shop, statements: &[&str]) {
    for statement in statements {
        let changed = diesel::sql_query(*statement).execute(&mut shop.connection);
        assert_ne!(changed.expect(statement), 0, "changed nothing: {statement}");
    }
}

/// The kinds of all gaps, after a run without grace that must end with `code`.
fn kinds(shop: &Shop, code: i32) -> BTreeSet<String> {
    let audit = shop.ops.run("audit --grace 0s --output json").ended(code, "").json();
    audit["gap_counts"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn a_database_written_only_by_workers_has_no_gap_and_waiting_work_is_listed() {
    let shop = shop();
    let audit = shop.ops.json("audit --grace 0s");
    assert_eq!((&audit["gaps_found"], &audit["gaps"]), (&json!(0), &json!([])));
    let waiting: Vec<(&str, &str, &str)> = audit["waiting"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            assert!(line["age_seconds"].as_i64().unwrap() < 600, "{line}");
            (text("order"), text("kind"), text("owner"))
        })
        .collect();
    assert_eq!(
        waiting,
        [
            ("HAND", "deliver_by_hand", "person"),
            ("PART", "partial_refund", "person"),
            ("RARE", "awaiting_stock", "operator")
        ]
    );
    let totals = json!({
        "orders": 9, "paid": 7000, "refunded": 1400, "goods_out_units": 5, "goods_back_units": 1,
        "goods_out": 5000, "goods_back": 1000, "difference": 1600, "difference_waiting": 1600,
        "difference_decided": 0, "difference_in_gaps": 0
    });
    assert_eq!(audit["totals"], totals);
    let text = shop.ops.run("audit").done().stdout;
    assert!(
        text.contains("No gaps: goods and money agree") && text.contains("import stock"),
        "{text}"
    );

    // If stock is available, the worker must act.
    let codes = ["stock", "import", "rare", "--file", "-"];
    shop.ops.run_with(&codes, b"RARE-1\n").done();
    let audit = shop.ops.json("audit --grace 0s");
    assert_eq!(audit["waiting"][2]["owner"], "worker", "{audit}");
}

#[test]
fn every_kind_of_gap_is_found_and_named() {
    let mut shop = shop();
    let mut seen = BTreeSet::new();
    for (damage, repair, expected) in DAMAGE {
        sql(&mut shop, damage);
        let found = kinds(&shop, 1);
        let expected: BTreeSet<String> = expected.iter().map(|&kind| kind.to_owned()).collect();
        assert_eq!(found, expected, "{damage:?}");
        seen.extend(found);
        sql(&mut shop, repair);
        assert_eq!(kinds(&shop, 0), BTreeSet::new(), "{repair:?}");
    }
    let help = shop.ops.run("audit --help").done().stdout;
    let (_, listed) = help.split_once("Gaps:\n").expect("the kinds");
    let listed = listed.lines().filter_map(|line| line.split_whitespace().next());
    let listed: BTreeSet<String> = listed.map(str::to_owned).collect();
    assert_eq!(seen, listed, "a kind that nothing provokes");
}

/// Its notifications were lost: the answer to a query says how much was refunded, and no recorded refund
/// explains that amount.
#[test]
fn a_refund_known_only_from_the_gateway_is_no_gap() {
    let mut shop = shop();
    shop.ops.run("order create ASKED --merchant shop --product gift").done();
    let answer = format!(
        "out_trade_no=ASKED&trade_no=T-ASKED&total_fee=10.00&seller_id=2088000000000001\
         &gmt_payment={}&trade_status=TRADE_SUCCESS&refund_fee=3.00&refund_status=REFUND_SUCCESS",
        beijing_in_form(minutes_ago(2))
    );
    assert_eq!(shop.hear_answer(Protocol::Mapi, &answer), Outcome::Done);
    assert_eq!(kinds(&shop, 0), BTreeSet::new());
    // Another refund, reported by a batch: less than what is already known.
    let batch = "notify_type=batch_refund_notify&batch_no=B2&success_num=1\
                 &result_details=T-ASKED%5E2.00%5ESUCCESS";
    assert_eq!(shop.hear(Protocol::Mapi, batch), Outcome::Done);
    assert_eq!(kinds(&shop, 0), BTreeSet::new());
}

#[test]
fn recent_gaps_are_left_out_and_counts_go_beyond_the_limit() {
    let mut shop = shop();
    sql(&mut shop, &["UPDATE user_order SET status = 4 WHERE status = 8"]);
    shop.ops.run("audit --grace 1h").done();
    let old = "UPDATE user_order SET updated_at = UTC_TIMESTAMP(6) - INTERVAL 90 MINUTE";
    sql(&mut shop, &[old]);
    let answer = shop.ops.run("audit --grace 1h --limit 2 --output json").ended(1, "6 gaps");
    let audit = answer.json();
    assert_eq!(
        (&audit["gaps_found"], &audit["gap_counts"]["wrong_status"]),
        (&json!(6), &json!(6))
    );
    let gaps = audit["gaps"].as_array().unwrap();
    assert_eq!(gaps.len(), 2);
    assert_eq!((&gaps[0]["order"], &gaps[0]["owner"]), (&json!("HAND"), &json!("operator")));
    assert_eq!(gaps[0]["what"], "is 4, the trades say 8");
    assert!((5400..5500).contains(&gaps[0]["age_seconds"].as_i64().unwrap()), "{}", gaps[0]);
    let text = shop.ops.run("audit --limit 2").ended(1, "6 gaps").stdout;
    assert!(text.contains("and 4 more") && text.contains("1h 30m"), "{text}");
}

#[test]
fn unpublished_events_are_a_warning() {
    let shop = shop();
    assert_eq!(shop.ops.json("audit")["warnings"], json!([]));
    let audit: Value = shop.ops.json("audit --outbox-age 0s");
    let warning = audit["warnings"][0].as_str().unwrap();
    assert!(warning.contains("events wait to be published"), "{warning}");
    shop.ops.run("audit --grace 5").ended(2, "5s");
}

#[test]
fn an_expired_order_that_is_not_closed_is_a_gap() {
    let mut shop = shop();
    let over = "UPDATE user_order SET created_at = created_at - INTERVAL 2 HOUR, \
                expires_at = UTC_TIMESTAMP(6) - INTERVAL 90 MINUTE WHERE id IN ('OPEN', 'PAID')";
    sql(&mut shop, &[over]);
    let audit = shop.ops.json("audit --grace 0s");
    assert_eq!(audit["waiting_counts"]["unpaid_past_its_time"], 1, "{audit}");
    let lines = audit["waiting"].as_array().unwrap();
    let line = lines.iter().find(|line| line["kind"] == "unpaid_past_its_time").unwrap();
    assert_eq!((&line["order"], &line["owner"]), (&json!("OPEN"), &json!("worker")));
    assert!((5400..5500).contains(&line["age_seconds"].as_i64().unwrap()), "{line}");
    // An implausible limit closes no order.
    sql(
        &mut shop,
        &["UPDATE user_order SET expires_at = created_at - INTERVAL 450 MINUTE WHERE id = 'OPEN'"],
    );
    let audit = shop.ops.json("audit --grace 0s");
    let lines = audit["waiting"].as_array().unwrap();
    let line = lines.iter().find(|line| line["kind"] == "unpaid_past_its_time").unwrap();
    assert_eq!((&line["order"], &line["owner"]), (&json!("OPEN"), &json!("operator")));
    sql(&mut shop, &["UPDATE user_order SET trade_status = 7 WHERE id = 'OPEN'"]);
    let audit: Value = shop.ops.run("audit --grace 1h --output json").done().json();
    assert!(audit["waiting_counts"]["unpaid_past_its_time"].is_null(), "{audit}");
}

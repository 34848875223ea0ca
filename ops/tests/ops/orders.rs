//! `order create`, `show` and `list`, and what they refuse.

use serde_json::{Value, json};
use testkit::Sandbox;

use crate::program::Ops;

pub(crate) fn shop() -> (Sandbox, Ops) {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10.50").done();
    ops.run("product add vip --name VIP --kind subscription --price 5 --days 30").done();
    (sandbox, ops)
}

#[test]
fn an_order_is_created_and_shown() {
    let (_sandbox, ops) = shop();
    let created = ops.json("order create A-1 --merchant shop --product gift --quantity 3");
    assert_eq!(created["total_fee"], 3150);
    assert_eq!(created["status_name"], "placed");
    assert_eq!(created["subject"], "Gift");
    assert_eq!(created["is_finish"], false);
    assert!(created["created_at"].as_str().unwrap().ends_with("+08:00"), "{created}");

    let shown = ops.json("order show A-1");
    for (name, value) in created.as_object().unwrap() {
        assert_eq!(&shown[name], value, "{name}");
    }
    assert_eq!(shown["product"], json!({ "id": "gift", "name": "Gift", "kind": "stock" }));
    assert_eq!(shown["fulfillment"], Value::Null);
    assert_eq!(shown["entitlement"], Value::Null);
    for list in ["goods", "trades", "refunds", "reviews", "events", "story"] {
        assert_eq!(shown[list], json!([]), "{list}");
    }
    assert_eq!(shown["notifications"], 0);

    let text = ops.run("order show A-1").done().stdout;
    assert!(text.starts_with("order A-1: 0 placed"), "{text}");
    assert!(text.contains("3 x Gift (gift, stock), 31.50 yuan, merchant shop"), "{text}");
    assert!(text.contains("not delivered: not paid"), "{text}");
}

#[test]
fn invalid_orders_are_refused() {
    let (_sandbox, ops) = shop();
    let order = "--merchant shop --product gift";
    ops.run(&format!("order create A-1 {order}")).done();
    ops.run(&format!("order create A-1 {order}")).ended(1, "the order id A-1 is taken");
    ops.run("order create A-1 --merchant other --product gift").ended(1, "is taken");
    ops.run("order create A-2 --merchant shop --product nope").ended(1, "there is no product nope");
    ops.run("order show nope").ended(1, "there is no order nope");
    ops.run(&format!("order create {} {order}", "x".repeat(65))).ended(2, "65 bytes");
    ops.run_with(&["order", "create", "a\tb", "--merchant", "shop", "--product", "gift"], b"")
        .ended(2, "control character");
    for quantity in ["0", "-1", "2147483648"] {
        ops.run(&format!("order create A-3 {order} --quantity={quantity}")).ended(2, "");
    }
    ops.run("order create A-4 --merchant shop --product vip --quantity 99999999")
        .ended(2, "too many days");
    let mut price = vec!["product", "add", "dear", "--name", "Dear", "--kind", "stock", "--price"];
    price.push("92233720368547758.07");
    ops.run_with(&price, b"").done();
    ops.run("order create A-5 --merchant shop --product dear --quantity 2").ended(2, "more than");
    assert_eq!(ops.json("order list").as_array().unwrap().len(), 1);
}

#[test]
fn a_subscription_without_account_is_a_warning_and_keeps_json_clean() {
    let (_sandbox, ops) = shop();
    let create = "order create S-1 --merchant shop --product vip --output json";
    let answer = ops.run(create).ended(0, "waits, once it is paid");
    assert_eq!(answer.json()["account"], "");
    let answer = ops.run("order create S-2 --merchant shop --product vip --account ann").done();
    assert!(!answer.stderr.contains("waits, once it is paid"), "{}", answer.stderr);
}

#[test]
fn an_order_of_an_unconfigured_merchant_is_refused() {
    let (_sandbox, ops) = shop();
    let ops = ops
        .set("ALIPAY__MERCHANTS__SHOP__PROTOCOL", "mapi")
        .set("ALIPAY__MERCHANTS__SHOP__SELLER_ID", "2088000000000001")
        .set("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "MD5")
        .set("ALIPAY__MERCHANTS__SHOP__MD5_KEY", "secret");
    ops.run("order create A-1 --merchant shop --product gift").done();
    ops.run("order create A-2 --merchant shoop --product gift").ended(2, "not configured");
}

#[test]
fn lists_filter_and_limit() {
    let (sandbox, ops) = shop();
    for (id, merchant) in [("A", "one"), ("B", "two"), ("C", "one")] {
        ops.run(&format!("order create {id} --merchant {merchant} --product gift")).done();
    }
    let ids = |arguments: &str| -> Vec<String> {
        let list = ops.json(&format!("order list {arguments}"));
        list.as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().into()).collect()
    };
    assert_eq!(ids(""), ["C", "B", "A"]);
    assert_eq!(ids("--merchant one"), ["C", "A"]);
    assert_eq!(ids("--limit 1"), ["C"]);
    assert_eq!(ids("--status 0 --merchant two"), ["B"]);
    assert_eq!(ids("--status placed"), ["C", "B", "A"]);
    assert_eq!(ids("--status 8"), [""; 0]);
    assert_eq!(ids("--needs-review"), [""; 0]);
    // Whole numbers, of newer applications those that begin with 0 and are as long as a hash.
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let sql = "UPDATE user_order SET buyer_id = '074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5' WHERE id <> 'B'";
    diesel::connection::SimpleConnection::batch_execute(&mut *connection, sql).unwrap();
    let buyer = "--buyer 074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5";
    assert_eq!(ids(buyer), ["C", "A"]);
    assert_eq!(ids(&format!("{buyer} --merchant two")), [""; 0]);
    assert_eq!(ids("--buyer 074a1CcTG1"), [""; 0]);
}

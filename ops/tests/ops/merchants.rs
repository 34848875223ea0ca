//! A merchant's name that the configuration does not have.

use diesel::connection::SimpleConnection as _;
use serde_json::json;
use testkit::Sandbox;

use crate::dead_letters::{bury, letter};
use crate::program::Ops;

fn merchant(ops: Ops, name: &str, seller: &str) -> Ops {
    let name = name.to_uppercase();
    ops.set(&format!("ALIPAY__MERCHANTS__{name}__PROTOCOL"), "mapi")
        .set(&format!("ALIPAY__MERCHANTS__{name}__SELLER_ID"), seller)
        .set(&format!("ALIPAY__MERCHANTS__{name}__SIGN_TYPES"), "MD5")
        .set(&format!("ALIPAY__MERCHANTS__{name}__MD5_KEY"), "a-key-nobody-should-see")
}

#[test]
fn every_verb_refuses_an_unknown_merchant_and_lists_the_known_ones() {
    let sandbox = Sandbox::new();
    let ops = merchant(Ops::with_schema(&sandbox), "shop", "2088000000000001");
    let ops = merchant(ops, "app", "2088000000000002");
    ops.run("topology apply").done();
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    bury(&ops, &sandbox, vec![letter("x", 1)]);
    let meant = "merchant shpo is not configured: did you mean shop? (configured: app, shop)";
    for verb in [
        "order create A-1 --merchant shpo --product gift",
        "order list --merchant shpo",
        "refund-requests --merchant shpo",
        "dlq list --merchant shpo",
        "dlq list --merchant shpo --group",
        "dlq replay --merchant shpo",
        "dlq replay --merchant shpo --dry-run",
        "reconcile --since 1h --merchant shpo",
        "certs --merchant shpo",
        "certs download --merchant shpo --sn 6f1e366a31d9575cd546914add04f4af",
        "verify --merchant shpo --body-file /dev/null",
    ] {
        ops.run(verb).ended(2, meant);
    }
    for (name, meant) in [
        ("ap", "did you mean app?"),
        ("shop1", "did you mean shop?"),
        ("Shop", "did you mean shop?"),
        ("somebody-else", "merchant somebody-else is not configured (configured: app, shop)"),
        ("店", "merchant 店 is not configured (configured: app, shop)"),
    ] {
        ops.run(&format!("order list --merchant {name}")).ended(2, meant);
    }

    // Existing orders of such a merchant can be listed, with a warning.
    let mut connection = store::Pool::new(&sandbox.database_url, 1).get().unwrap();
    let insert = "INSERT INTO user_order (id, merchant, product_id, quantity, subject, total_fee) \
                  VALUES ('A-1', 'shpo', 'gift', 1, 's', 1000)";
    connection.batch_execute(insert).unwrap();
    let listed = ops.run("order list --merchant shpo --output json").ended(0, "did you mean shop?");
    assert_eq!(listed.json()[0]["id"], "A-1");
    for verb in ["query A-1", "close A-1", "pay-link A-1"] {
        ops.run(verb).ended(2, meant);
    }
    let status = ops.status();
    assert_eq!(status["unknown_merchants"][0]["did_you_mean"], json!("shop"));
    // A configured one without orders is an empty list.
    assert_eq!(ops.json("order list --merchant shop"), json!([]));
    // A merchant name that is not UTF-8 stops no verb.
    connection.batch_execute("UPDATE user_order SET merchant = x'FF00'").unwrap();
    assert_eq!(ops.status()["unknown_merchants"][0]["orders"], 1);
}

#[test]
fn any_merchant_is_accepted_when_none_is_configured() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run("order create A-1 --merchant anybody --product gift").done();
    assert_eq!(ops.json("order list --merchant nobody"), json!([]));
}

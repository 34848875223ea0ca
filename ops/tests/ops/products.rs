//! Products that change.

use serde_json::json;
use testkit::Sandbox;

use crate::program::Ops;

#[test]
fn a_product_changes_its_name_and_price_and_goes_off_sale() {
    let sandbox = Sandbox::database_only();
    let ops = Ops::with_schema(&sandbox);
    ops.run("product add gift --name Gift --kind stock --price 10").done();
    ops.run("order create O-1 --merchant shop --product gift").done();
    let set =
        ["product", "set", "gift", "--price", "12.50", "--name", "Gift card", "--output", "json"];
    let changed = ops.run_with(&set, b"").done().json();
    assert_eq!((&changed["price"], &changed["name"]), (&json!(1250), &json!("Gift card")));
    ops.run("order create O-2 --merchant shop --product gift").done();
    let total = |order: &str| ops.json(&format!("order show {order}"))["total_fee"].clone();
    assert_eq!((total("O-1"), total("O-2")), (json!(1000), json!(1250)));
    ops.run("product set gift").ended(2, "required");
    ops.run("product set gift --price 0").ended(2, "above zero");
    ops.run("product set nothing --price 1").ended(1, "there is no product nothing");

    ops.run("product set gift --low-stock 5").done();
    let low = || ops.run("stock list").done().stdout;
    assert!(
        low().contains("low\u{20}") || low().lines().any(|line| line.contains(" low ")),
        "{}",
        low()
    );
    let off = ops.json("product set gift --on-sale no");
    assert_eq!(
        (&off["on_sale"], &off["price"], &off["low_stock"]),
        (&json!(false), &json!(1250), &json!(5))
    );
    assert!(low().contains("off sale"), "{}", low());
    assert_eq!(ops.json("product list")[0]["on_sale"], false);
    ops.run("order create O-3 --merchant shop --product gift").ended(1, "product gift is off sale");
    ops.run("order show O-3").ended(1, "");
    ops.run("pay-link O-1").ended(1, "product gift is off sale");
    ops.run("product set gift --on-sale yes").done();
    ops.run("order create O-3 --merchant shop --product gift").done();
    ops.run("product set gift --on-sale maybe").ended(2, "yes");
    ops.run("product add hand --name Hand --kind manual --price 10").done();
    ops.run("product set hand --resell-returned yes").ended(1, "is of kind manual");
    ops.run("product set hand --on-sale no").done();
    ops.run("product set gift --resell-returned yes").done();
}

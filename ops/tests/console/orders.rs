//! The search for orders, and for the order that has a code.

use diesel::RunQueryDsl as _;

use crate::browser::form;
use crate::world::{World, notification};

/// The orders of a page, as its links name them.
fn found(world: &World, query: &str) -> String {
    let page = world.browser.get(&format!("/orders?{query}")).shows(200, &[]);
    let links = page.body.split("href=\"/orders/").skip(1);
    let ids: Vec<&str> = links.filter_map(|link| link.split('"').next()).collect();
    ids.join(" ")
}

#[test]
fn orders_are_found_by_day_amount_and_the_buyers_account() {
    let world = World::new();
    world.ops(&["product", "add", "cheap", "--name", "Cheap", "--kind", "stock", "--price", "0.5"]);
    for id in ["A", "B"] {
        world.order(id);
    }
    world.ops(&["order", "create", "C", "--merchant", "shop", "--product", "cheap"]);
    let mut database = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    // 23:59:59 and 00:00 in Beijing.
    for (id, placed, buyer) in [
        ("A", "2026-05-10 15:59:59.9", "li.a@example.com"),
        ("B", "2026-05-10 16:00:00", "li.b@example.com"),
    ] {
        let set = format!(
            "UPDATE user_order SET created_at = '{placed}', buyer_email = '{buyer}' WHERE id = '{id}'"
        );
        diesel::sql_query(set).execute(&mut *database).unwrap();
    }
    for (query, orders) in [
        ("from=2026-05-10&to=2026-05-10", "A"),
        ("from=2026-05-11&to=2026-05-11", "B"),
        ("to=2026-05-11", "B A"),
        ("from=2026-05-12", "C"),
        ("total=10", "B A"),
        ("total=0.50", "C"),
        ("total=10.01", ""),
        ("total=10&to=2026-05-10&q=A", "A"),
        ("q=li.b%40example.com", "B"),
        ("q=li.", ""),
    ] {
        assert_eq!(found(&world, query), orders, "{query}");
    }
    let kept = world.browser.get("/orders?from=2026-05-11&total=10.00&q=B");
    kept.shows(200, &["name=\"from\" value=\"2026-05-11\"", "value=\"10.00\"", "value=\"B\""]);
    let browser = &world.browser;
    for (query, problem) in [
        ("from=%2B262142-12-31", "a day cannot be read"),
        ("to=2026-02-30", "a day cannot be read"),
        ("total=0", "expected yuan"),
        ("total=1e3", "expected yuan"),
        ("total=%3Cb%3E", "expected yuan"),
        ("total=99999999999999999999", "expected yuan"),
        ("q=a%00b", "No order matches"),
        ("q=%ff", "not UTF-8"),
    ] {
        let page = browser.get(&format!("/orders?{query}"));
        assert!(page.status < 500 && page.body.contains(problem), "{query}: {page:?}");
    }
    let long = browser.get(&format!("/orders?q={}", "x".repeat(129)));
    long.shows(400, &["at most 128"]);
}

#[test]
fn an_order_is_found_by_the_code_that_it_delivered() {
    let world = World::new();
    world.order("B/1");
    world.publish(vec![notification("B/1", "2026112300001", "TRADE_SUCCESS", "10.00")]);
    let _worker = world.worker();
    world.wait_for("/orders/B%2F1", "8 paid");
    let browser = &world.browser;
    browser.get("/orders").shows(200, &["action=\"/codes\"", "Code that a buyer has"]);

    let token = browser.token_in("/orders");
    let find = |code: &str| {
        let fields = form(&[("token", &token), ("code", code)]);
        browser.post_as("/codes", &fields, &browser.own())
    };
    let seen = find(" CODE-1\r\n");
    assert_eq!((seen.status, seen.header("location").as_deref()), (303, Some("/orders/b%2f1")));
    // As a buyer copies it from a web page.
    for code in ["CODE\u{200b}-1", "\u{feff}CODE-1", "CODE-1\t", "\u{a0}CODE-1"] {
        let copied = find(code);
        assert_eq!(copied.status, 303, "{code:?}: {copied:?}");
    }
    find("CODE-2").shows(200, &["gift", ">available<"]).hides(&["/orders/B"]);
    find("code-1").shows(200, &["No product has or had this code"]);
    let hostile = find("<script>\" onload='x").shows(200, &["No product has"]);
    hostile.hides(&["<script", "onload"]);
    find(&"x".repeat(9000)).shows(200, &["No product has"]);
    for code in ["", " ", "A\0B", "A\nB", "\u{fffd}"] {
        find(code).shows(400, &["this is no code"]);
    }
    browser.post_as("/codes", "code=%ff&token=x", &browser.own()).shows(400, &["not UTF-8"]);
    browser.post_as("/codes", "code=CODE-1", &browser.own()).shows(403, &["nothing was done"]);
    browser.get("/codes?code=CODE-1").shows(405, &[]);

    world.ops(&["stock", "withdraw", "gift", "--code", "CODE-2", "--by", "wang"]);
    find("CODE-2").shows(200, &[">withdrawn<", "<td>1</td>"]);
    world.ops(&["stock", "put-back", "1", "--by", "wang"]);
    find("CODE-2").shows(200, &[">available<"]).hides(&[">withdrawn<"]);
    // Sold twice, under two products: both are shown, and the order is a link.
    world.ops(&["product", "add", "other", "--name", "Other", "--kind", "stock", "--price", "1"]);
    let again = "INSERT INTO stock_item (product_id, code) VALUES ('other', 'CODE-1')";
    let mut database = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    diesel::sql_query(again).execute(&mut *database).unwrap();
    find("CODE-1").shows(200, &["href=\"/orders/B%2F1\"", ">delivered<", ">available<", "other"]);
}

#[test]
fn paid_orders_without_goods_have_a_page_and_a_number_on_the_overview() {
    let world = World::new();
    let browser = &world.browser;
    browser.get("/undelivered").shows(200, &["There is none"]);
    world.ops(&[
        "order",
        "create",
        "B/<5>",
        "--merchant",
        "shop",
        "--product",
        "gift",
        "--quantity",
        "5",
    ]);
    world.publish(vec![notification("B/<5>", "2026112300001", "TRADE_SUCCESS", "50.00")]);
    let _worker = world.worker();
    world.wait_for("/undelivered", "B/&lt;5&gt;");
    let page = browser.get("/undelivered").shows(
        200,
        &[
            "50.00",
            "5 × gift",
            "href=\"/products\"",
            "out of stock: import codes",
            "/orders/B%2F%3C5%3E",
        ],
    );
    page.hides(&["<5>"]);
    browser
        .get("/undelivered?lang=zh-CN")
        .shows(200, &["已付款未发货", "缺货：请导入卡密", "补货"]);
    let tile =
        "<a class=\"tile bad\" href=\"/undelivered\"><span>Paid, not delivered</span><b>1</b>";
    browser.get("/").shows(200, &[tile]);
    browser.get("/undelivered?skip=1").shows(200, &["There is none", "Longest"]);
    for skip in ["-1", "x", "99999999999999999999", "1000001"] {
        browser.get(&format!("/undelivered?skip={skip}")).shows(400, &["skip cannot be read"]);
    }
}

//! Status, orders, reviews, products.

use diesel::RunQueryDsl as _;

use crate::world::{World, notification};

#[test]
fn orders_are_found_by_number_trade_and_state_and_text_is_escaped() {
    let world = World::new();
    let browser = &world.browser;
    browser.get("/orders").shows(200, &["No order matches"]);
    let subject = "<script>alert(1)</script>\" onload='x";
    let create = ["order", "create", "A/1?<b>", "--merchant", "shop", "--product", "gift"];
    world.ops(&[&create[..], &["--subject", subject]].concat());
    for id in ["B-1", "B-2", "C%_1"] {
        world.order(id);
    }
    world.publish(vec![notification("B-2", "2026112300001", "TRADE_SUCCESS", "10.00")]);
    let _worker = world.worker();
    world.wait_for("/orders/B-2", "8 paid");

    let page = browser.get("/orders").shows(
        200,
        &["&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x", "A/1?&lt;b&gt;", "B-1"],
    );
    let page = page.hides(&["<script", "A/1?<b>"]);
    assert!(page.body.contains("/orders/A%2F1%3F%3Cb%3E"), "{}", page.body);
    let one = browser.get("/orders/A%2F1%3F%3Cb%3E");
    one.shows(200, &["Order A/1?&lt;b&gt;", "&lt;script&gt;", "not delivered: not paid"])
        .hides(&["<script"]);
    let xss = "%22%3E%3Cscript%3E";
    browser
        .get(&format!("/orders?q={xss}"))
        .shows(200, &["&quot;&gt;&lt;script&gt;"])
        .hides(&["<script"]);
    browser
        .get(&format!("/orders?status={xss}"))
        .shows(400, &["expected one of"])
        .hides(&["<script"]);
    browser.get(&format!("/orders/{xss}")).shows(404, &["there is no order"]).hides(&["<script"]);

    let found = |query: &str| {
        let page = browser.get(&format!("/orders?{query}")).shows(200, &[]);
        let links = page.body.split("href=\"/orders/").skip(1);
        let mut ids: Vec<String> =
            links.map(|link| link.split('"').next().unwrap().to_owned()).collect();
        ids.sort();
        ids.join(" ")
    };
    assert_eq!(found("q=B-1"), "B%2D1");
    assert_eq!(found("q=B"), "B%2D1 B%2D2");
    assert_eq!(found("q=2026112300001"), "B%2D2");
    assert_eq!(found("q=20261123"), "B%2D2");
    assert_eq!(found("q=074a1CcTG1LelxKe4xQC0z"), "B%2D2");
    assert_eq!(found("q=074a1CcTG1"), "");
    assert_eq!(found("status=8"), "B%2D2");
    assert_eq!(found("status=paid&q=B-1"), "");
    assert_eq!(found("q=C%25_1"), "C%25%5F1");
    assert_eq!(found("q=%25"), "");
    assert_eq!(found("status=review"), "");
    assert_eq!(found("after=B-1"), "A%2F1%3F%3Cb%3E");
    assert_eq!(found("goods=delivered"), "B%2D2");
    assert_eq!(found("goods=awaiting_stock"), "");
    browser.get("/orders?goods=x").shows(400, &["no such state of goods"]);
    let copy = "INSERT INTO retry_copy (message_id, attempt, tier, merchant, order_id, first_seen, due_at) VALUES \
                ('a', 1, 'alipay.retry.5s', 'shop', 'LATER', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6)), \
                ('b', 1, 'alipay.retry.5s', 'shop', 'B-1', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6))";
    let mut database = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    diesel::sql_query(copy).execute(&mut *database).unwrap();
    browser.get("/orders/LATER").shows(404, &["1 message waits for it"]);
    browser.get("/orders/B-1").shows(200, &["waits in alipay.retry.5s until"]);
    let shpo = "UPDATE user_order SET merchant = 'shpo' WHERE id = 'B-1'";
    diesel::sql_query(shpo).execute(&mut *database).unwrap();
    browser.get("/").shows(200, &["not configured", "did you mean shop?"]);
    diesel::sql_query("UPDATE user_order SET merchant = 'shop'").execute(&mut *database).unwrap();

    let story = browser.get("/orders/B-2").shows(200, &["CODE-1", "signature valid today"]);
    assert!(story.body.contains("status placed -&gt; paid"), "{}", story.body);
    browser.get("/orders/B-2?redact=1").shows(200, &["(hidden)"]).hides(&["CODE-1"]);
    browser.get("/").shows(200, &["Status", "8 paid", "alipay.dead", "Last worked on"]);
}

#[test]
fn a_long_list_has_pages() {
    let world = World::new();
    for number in 0..101 {
        world.order(&format!("N-{number:03}"));
    }
    let first =
        world.browser.get("/orders").shows(200, &["N-100", "N-001", "Older"]).hides(&["N-000"]);
    let (_, next) = first.body.split_once("href=\"/orders?").unwrap();
    let next = format!("/orders?{}", next.split('"').next().unwrap().replace("&amp;", "&"));
    world.browser.get(&next).shows(200, &["N-000", "Latest"]).hides(&["N-001", "Older"]);
}

#[test]
fn a_common_order_number_prefix_finds_the_latest_orders() {
    let world = World::new();
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let many = "INSERT INTO user_order (id, merchant, product_id, total_fee, created_at) \
                WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
                SELECT CONCAT('M-', i), 'shop', 'gift', 1000, \
                UTC_TIMESTAMP(6) - INTERVAL 2000 - i SECOND FROM n";
    diesel::sql_query(many).execute(&mut connection).unwrap();
    // With 1000 the numbers are looked up first; with one more the latest orders are looked at.
    for (query, newest) in [("q=M-", "M-1000"), ("q=M-", "N-1"), ("q=M-99", "M-999")] {
        if newest == "N-1" {
            let more = "INSERT INTO user_order (id, merchant, product_id, total_fee) \
                        VALUES ('N-1', 'shop', 'gift', 1000), ('M-x', 'shop', 'gift', 1000)";
            diesel::sql_query(more).execute(&mut connection).unwrap();
            let trade = "INSERT INTO trade (order_id, trade_no) VALUES ('N-1', 'M-trade')";
            diesel::sql_query(trade).execute(&mut connection).unwrap();
        }
        let page = world.browser.get(&format!("/orders?{query}")).shows(200, &[newest]);
        let listed = page.body.matches("href=\"/orders/").count();
        assert_eq!(listed, if query == "q=M-" { 100 } else { 11 }, "{query}");
    }
}

#[test]
fn a_case_is_decided_with_a_name_and_a_note() {
    let world = World::new();
    world.order("CLOSED");
    world.publish(vec![notification("CLOSED", "T1", "TRADE_CLOSED", "10.00")]);
    let _worker = world.worker();
    let browser = &world.browser;
    world.wait_for("/reviews", "closed_after_payment");
    let list = browser.get("/reviews").shows(200, &["closed_after_payment", "open"]);
    let (_, id) = list.body.split_once("href=\"/reviews/").unwrap();
    let id: u64 = id.split('"').next().unwrap().parse().unwrap();
    let path = format!("/reviews/{id}");
    let case = browser
        .get(&path)
        .shows(200, &["<b>paid</b>", "<b>refunded</b>", "trade T1: paid, closed"]);
    let (_, token) = case.body.split_once("name=\"token\" value=\"").unwrap();
    let token = token.split('"').next().unwrap().to_owned();
    let decide = |fields: &[(&str, &str)]| {
        let fields = [&[("token", token.as_str())], fields].concat();
        browser.post_as(&path, &crate::browser::form(&fields), &browser.own())
    };
    decide(&[("decision", "paid "), ("note", "x")]).shows(400, &["say who you are"]);
    decide(&[("decision", "paid "), ("by", "王")]).shows(400, &["say why"]);
    decide(&[("by", "王"), ("note", "x")]).shows(400, &["choose a decision"]);
    decide(&[("decision", "delivered "), ("by", "王"), ("note", "x")])
        .shows(400, &["delivered does not answer the review"]);
    decide(&[("decision", "paid T9"), ("by", "王"), ("note", "x")]).shows(400, &["no trade T9"]);
    let sent = decide(&[("decision", "paid "), ("by", "王"), ("note", "seen <in> the bank")]);
    assert_eq!(sent.status, 303, "{sent:?}");
    let result = browser.get(&sent.header("location").unwrap());
    result.shows(200, &["A worker has applied it", "facts added: confirmed_paid"]);
    let ended = browser.get(&path);
    ended.shows(200, &["decided", "seen &lt;in&gt; the bank", "王", "This case has ended"]);
    decide(&[("decision", "paid "), ("by", "李"), ("note", "x")])
        .shows(409, &["decided by 王 already"]);
    browser.get("/reviews").shows(200, &["Nothing waits for a person"]);
    browser.get("/reviews?view=all").shows(200, &["closed_after_payment", "paid, 王"]);
    for path in ["/reviews/999", "/reviews/x", "/reviews/-1"] {
        browser.get(path).shows(404, &["there is no"]);
    }
}

#[test]
fn products_show_stock_and_low_stock() {
    let world = World::new();
    world.subscription("vip", "<i>VIP");
    let row = "<td class=\"n\" data-label=\"Price\">10.00</td><td class=\"n\" data-label=\"Available\">3</td>";
    let page = world.browser.get("/products").shows(200, &["Gift", row, "&lt;i&gt;VIP", "30 days"]);
    page.hides(&[">low<", "<i>"]);
    world.ops(&["product", "set", "gift", "--low-stock", "4"]);
    world.browser.get("/products").shows(200, &[">low<"]);
    world.browser.get("/").shows(200, &["3 / 4"]);
    world.browser.get("/nothing").shows(404, &["there is no such page"]);
    world.browser.get("/orders/").shows(404, &[]);
}

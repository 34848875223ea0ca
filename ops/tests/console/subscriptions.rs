//! Subscriptions: until when, and what made it so.

use diesel::connection::SimpleConnection as _;

use crate::world::World;

#[test]
fn subscriptions_are_found_by_account_with_their_history() {
    let world = World::new();
    let browser = &world.browser;
    browser.get("/subscriptions").shows(200, &["No subscription matches"]);
    world.subscription("vip", "VIP");
    let mut rows = String::new();
    // `li` has two orders and had a third one that was refunded; `li_` and 101 others have one.
    let others = (0..101).map(|number| (format!("O-{number}"), format!("other-{number:03}")));
    let own = [("S-1", "li"), ("S-2", "li"), ("S-3", "li"), ("S-4", "li_<b>")];
    let own = own.map(|(id, account)| (id.to_owned(), account.to_owned()));
    for (number, (id, account)) in own.into_iter().chain(others).enumerate() {
        let paid = format!("'2026-05-01 00:00:00' + INTERVAL {number} DAY");
        rows.push_str(&format!(
            "INSERT INTO user_order (id, merchant, account, product_id, total_fee, status, is_send_goods, paid_dtime) \
             VALUES ('{id}', 'shop', '{account}', 'vip', 500, 8, TRUE, {paid}); \
             INSERT INTO fulfillment (order_id, product_id, state, units, given) VALUES ('{id}', 'vip', 'delivered', 1, 1); \
             INSERT INTO entitlement (order_id, account, product_id, days, starts_at) \
             VALUES ('{id}', '{account}', 'vip', 30, {paid});"
        ));
    }
    rows.push_str(
        "DELETE FROM entitlement WHERE order_id = 'S-3'; \
         UPDATE fulfillment SET state = 'returned', returned_at = '2026-05-09 04:00:00' WHERE order_id = 'S-3'",
    );
    let mut database = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    database.batch_execute(&rows).unwrap();

    let first = browser.get("/subscriptions").shows(200, &["li_&lt;b&gt;", "other-000", "More »"]);
    let (_, next) = first
        .hides(&["<b>", "other-100"])
        .body
        .rsplit_once("href=\"/subscriptions?")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let next = format!("/subscriptions?{}", next.split('"').next().unwrap().replace("&amp;", "&"));
    browser.get(&next).shows(200, &["other-100"]).hides(&["other-000", "More »"]);

    // Two orders of 30 days from 1 May 08:00 in Beijing.
    let of_li = browser.get("/subscriptions?account=li").shows(
        200,
        &[
            "2026-06-30 08:00:00",
            "over",
            "S-1",
            "S-2",
            "S-3",
            ">-30<",
            "2026-05-09 12:00:00",
            "+30",
        ],
    );
    assert!(of_li.body.contains("data-label=\"Orders\">2<"), "{}", of_li.body);
    let exact = browser.get("/subscriptions?account=li_").shows(200, &["li_&lt;b&gt;"]);
    exact.hides(&["S-1"]);
    browser.get("/subscriptions?account=%25").shows(200, &["No subscription matches"]);
    browser.get("/subscriptions?account=a%00b").shows(200, &["No subscription matches"]);
    browser
        .get(&format!("/subscriptions?account={}", "x".repeat(256)))
        .shows(400, &["at most 255"]);
    browser.get("/subscriptions?account=li&lang=zh-CN").shows(200, &["订阅", "到期", "延长与缩短"]);
}

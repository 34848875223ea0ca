//! Pauses, and orders that the shop wrote wrongly.

use crate::world::{World, dead, notification};

#[test]
fn a_pause_is_shown_on_every_page_until_it_is_resumed() {
    let world = World::new();
    let browser = &world.browser;
    browser.get("/pauses").shows(200, &["Nothing was ever paused"]);
    let fields = [("act", "pause_work"), ("scope", "product"), ("by", "<王>")];
    let reasonless = [&fields[..], &[("id", "gift")]].concat();
    browser.post("/pauses", &reasonless).shows(400, &["say why"]);
    let unknown = [&fields[..], &[("id", "nothing"), ("note", "x")]].concat();
    browser.post("/pauses", &unknown).shows(404, &["there is no product nothing"]);
    let all = [&fields[..], &[("id", "gift"), ("for", "4h"), ("note", "wrong & codes")]].concat();
    browser.act("/pauses", &all).shows(200, &["&lt;王&gt;", "wrong &amp; codes"]);
    for page in ["/", "/orders", "/products", "/dead-letters", "/actions"] {
        browser.get(page).shows(200, &["<b>Paused: </b>product gift is paused since"]);
    }
    let resume = [("act", "resume_work"), ("scope", "product"), ("id", "gift"), ("by", "李")];
    browser.act("/pauses", &resume).shows(200, &["resumed by 李"]).hides(&["is paused since"]);
    browser.get("/orders").hides(&["is paused since"]);
    browser.post("/pauses", &resume).shows(409, &["product gift is not paused"]);
}

#[test]
fn an_order_is_amended_after_a_look_and_its_letter_goes_back_to_work() {
    let world = World::new();
    world.order("A-1");
    let letter = notification("A-1", "T1", "TRADE_SUCCESS", "9.00");
    let why = "the order's total is 10.00 yuan, the notification says 9.00 yuan";
    world.publish(vec![dead(letter, "A-1", "total_mismatch", why)]);
    let browser = &world.browser;
    let wanted = [("total", "9.00"), ("replay", "all"), ("by", "王"), ("note", "no coupon")];
    browser.post("/orders/A-1/amend", &wanted[..3]).shows(400, &["say why"]);
    browser
        .post("/orders/A-1/amend", &wanted)
        .shows(200, &["10.00", "9.00", "value=\"amend_order\""])
        .hides(&["second person"]);
    browser.get("/orders/A-1").shows(200, &["10.00"]).hides(&["no coupon"]);
    let _worker = world.worker();
    let amend = [&wanted[..], &[("act", "amend_order")]].concat();
    browser.act("/orders/A-1/amend", &amend).shows(200, &["went back to work"]);
    world.wait_for("/orders/A-1", "8 paid");
    let story = ["CODE-1", "amendment applied by 王: total: 10.00 → 9.00, because: no coupon"];
    browser.get("/orders/A-1").shows(200, &story);
    let too_late = [("total", "8.00"), ("by", "王"), ("note", "x"), ("act", "amend_order")];
    browser.post("/orders/A-1/amend", &too_late).shows(409, &["trade T1 has paid this order"]);
}

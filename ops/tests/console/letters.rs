//! Dead letters: listed, dry-run, replayed, discarded.

use crate::world::{World, dead, notification};

/// Three letters: one of an order that exists now, one without an order, one with a wrong amount.
fn world() -> World {
    let world = World::new();
    world.order("A-1");
    world.publish(vec![
        dead(
            notification("A-1", "T1", "TRADE_SUCCESS", "10.00"),
            "A-1",
            "order_not_found",
            "no order A-1 after 5 retries",
        ),
        dead(
            notification("A-2", "T2", "TRADE_SUCCESS", "10.00"),
            "A-2",
            "order_not_found",
            "no order A-2 after 5 retries",
        ),
        dead(
            notification("A-1", "T3", "TRADE_SUCCESS", "1.00"),
            "A-1",
            "total_mismatch",
            "<img src=x> the order's total is 10.00",
        ),
    ]);
    world
}

#[test]
fn letters_are_shown_in_groups_in_a_list_and_singly() {
    let world = world();
    let browser = &world.browser;
    let groups = browser.get("/dead-letters").shows(
        200,
        &[
            "no order # after # retries",
            "total_mismatch",
            "Nobody has replayed",
            "&lt;img src=x&gt;",
        ],
    );
    assert_eq!(groups.body.matches("\">2</td>").count(), 2, "{}", groups.body);
    // The chart is part of the page: no script draws it.
    assert!(groups.body.contains("<svg") && groups.body.contains(": 3</title>"), "{}", groups.body);
    assert!(!groups.body.contains("<script"), "{}", groups.body);
    let filter = "/dead-letters?reason=order%5Fnot%5Ffound&amp;error=no%20order%20%23%20after%20%23%20retries";
    assert!(groups.body.contains(filter), "{}", groups.body);
    browser
        .get(&filter.replace("&amp;", "&"))
        .shows(200, &["A-1", "A-2", "All that match: 2"])
        .hides(&["total is", "<img"]);
    browser.get("/dead-letters?view=flat&order=A-2").shows(200, &["All that match: 1"]);
    browser.get("/dead-letters?view=flat&merchant=other").shows(200, &["No dead letter matches"]);

    let id = id(&world, "total_mismatch");
    browser
        .get(&format!("/dead-letters/{id}"))
        .shows(
            200,
            &[
                "valid today",
                "out_trade_no",
                "&lt;b&gt;礼品&lt;/b&gt;",
                "order A-1: 0 placed",
                "for ops verify",
            ],
        )
        .hides(&["<img", "<b>礼品", "<th class=\"mono\">sign</th>"]);
    // The first 12 characters are enough.
    browser.get(&format!("/dead-letters/{}", &id[..12])).shows(200, &[&id]);
    browser.get("/dead-letters/ffffffffffff").shows(404, &["there is no dead letter"]);
}

/// The id of the letter that died for this reason.
fn id(world: &World, reason: &str) -> String {
    let page = world.browser.get(&format!("/dead-letters?reason={reason}")).shows(200, &[]);
    let (_, rest) = page.body.split_once("name=\"letter.").expect("a box");
    rest.split('"').next().unwrap().to_owned()
}

#[test]
fn a_replay_does_what_its_dry_run_reported() {
    let world = world();
    let browser = &world.browser;
    let all = [("which", "all"), ("act", "dry_run")];
    let foreseen = browser.post("/dead-letters", &all);
    let foreseen = foreseen.shows(200, &["applied", "no order yet", "Nothing was changed"]);
    assert!(foreseen.body.contains("status placed -&gt; paid"), "{}", foreseen.body);
    assert!(foreseen.body.contains("dies again"), "{}", foreseen.body);
    browser.get("/orders/A-1").shows(200, &["0 placed"]).hides(&["CODE-"]);
    browser.get("/dead-letters?view=flat").shows(200, &["All that match: 3"]);

    let id = id(&world, "order_not_found&order=A-1");
    let ticked = format!("letter.{id}");
    let replay =
        [(ticked.as_str(), "on"), ("act", "replay"), ("by", "王"), ("note", "order is there")];
    let nameless = [(ticked.as_str(), "on"), ("act", "replay")];
    browser.post("/dead-letters", &nameless).shows(400, &["say who you are"]);
    browser
        .post("/dead-letters", &[("act", "replay"), ("by", "王")])
        .shows(400, &["no letter is ticked"]);
    browser.post("/dead-letters", &[(&ticked, "on"), ("act", "x")]).shows(400, &["no such button"]);
    let _worker = world.worker();
    browser.act("/dead-letters", &replay).shows(200, &["<b>1</b>", "went back to work"]);
    world.wait_for("/orders/A-1", "8 paid");
    browser.get("/orders/A-1").shows(
        200,
        &["CODE-1", "dead letter replayed by 王 order is there", "signature valid today"],
    );
    browser.get("/dead-letters").shows(200, &["replayed", "王", "order is there"]);
    browser.get("/dead-letters?view=flat").shows(200, &["All that match: 2"]);
    // A second operator who still has the old page.
    browser.act("/dead-letters", &replay).shows(200, &["<b>0</b>", "Another person"]);
    browser.get("/results/0000000000000000").shows(404, &["no such result"]);
}

/// A trigger of the shop refuses one order, and the database takes all other writes.
#[test]
fn a_dry_run_shows_what_the_database_refuses_alone() {
    let world = world();
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    diesel::connection::SimpleConnection::batch_execute(
        &mut *connection,
        "CREATE TRIGGER shop_says_no BEFORE UPDATE ON user_order FOR EACH ROW \
         BEGIN IF NEW.id = 'A-1' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'not this one'; END IF; END",
    )
    .unwrap();
    let only =
        [("which", "all"), ("reason", "order_not_found"), ("order", "A-1"), ("act", "dry_run")];
    world
        .browser
        .post("/dead-letters", &only)
        .shows(200, &["database refuses", "not this one", "Nothing was changed"])
        .hides(&["dies again"]);
}

#[test]
fn discarding_needs_a_name_and_a_reason() {
    let world = world();
    let browser = &world.browser;
    let filter = [("which", "all"), ("reason", "order_not_found"), ("act", "discard")];
    let discard =
        |more: &[(&str, &str)]| browser.post("/dead-letters", &[&filter[..], more].concat());
    discard(&[("by", "王")]).shows(400, &["say why"]);
    discard(&[("note", "x")]).shows(400, &["say who you are"]);
    discard(&[("by", "王"), ("note", " ")]).shows(400, &["say why"]);
    discard(&[("by", "王"), ("note", &"x".repeat(1001))]).shows(400, &["1000"]);
    browser.get("/dead-letters?view=flat").shows(200, &["All that match: 3"]);
    let done = [&filter[..], &[("by", "<王>"), ("note", "a test & no more")]].concat();
    browser.act("/dead-letters", &done).shows(200, &["<b>2</b>", "were discarded"]);
    browser
        .get("/dead-letters")
        .shows(200, &["discarded", "&lt;王&gt;", "a test &amp; no more", "total_mismatch"])
        .hides(&["<王>", "order_not_found"]);
    let history = world.ops(&["dlq", "history", "--output", "json"]);
    assert_eq!(history.matches("discarded").count(), 2, "{history}");
}

#[test]
fn discard_all_affects_only_letters_that_the_page_showed() {
    let world = world();
    let browser = &world.browser;
    let page = browser.get("/dead-letters?view=flat").shows(200, &["All that match: 3"]);
    let (_, until) = page.body.split_once("name=\"until\" value=\"").unwrap();
    let until = until.split('"').next().unwrap().to_owned();
    let later = notification("A-3", "T9", "TRADE_SUCCESS", "10.00");
    world.publish(vec![dead(later, "A-3", "order_not_found", "no order A-3 after 5 retries")]);
    let fields =
        [("which", "all"), ("act", "discard"), ("by", "王"), ("note", "x"), ("until", &until)];
    browser.act("/dead-letters", &fields).shows(200, &["<b>3</b>"]);
    browser.get("/dead-letters?view=flat").shows(200, &["A-3", "All that match: 1"]);
}

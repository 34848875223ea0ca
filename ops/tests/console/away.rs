//! The database or the broker is away.

use std::time::{Duration, Instant};

use testkit::{FaultProxy, Sandbox, until};

use crate::browser::form;
use crate::program::NOBODY;
use crate::world::World;

const NO_DATABASE: &str = "The database does not answer";
const NO_BROKER: &str = "The broker does not answer";

#[test]
fn database_pages_work_without_a_broker() {
    let world = World::new();
    world.order("A-1");
    let World { sandbox, .. } = &world;
    let database = sandbox.database_url.clone();
    let alone = World::with_console(Sandbox::database_only(), (&database, NOBODY.1));
    let browser = &alone.browser;
    for path in ["/orders", "/orders/A-1"] {
        browser.get(path).shows(200, &["A-1"]).hides(&[NO_BROKER]);
    }
    browser.get("/products").shows(200, &["Gift"]);
    browser.get("/reviews").shows(200, &["Nothing waits"]);
    let status = browser.get("/").shows(200, &[NO_BROKER, "0 placed", "not known"]);
    status.hides(&["secret", NO_DATABASE]);
}

#[test]
fn dead_letter_pages_and_dry_runs_work_without_a_broker() {
    let world = World::new();
    world.order("A-1");
    let letter = crate::world::notification("A-1", "T1", "TRADE_SUCCESS", "10.00");
    world.publish(vec![crate::world::dead(letter, "A-1", "order_not_found", "no order A-1")]);
    let database = world.sandbox.database_url.clone();
    let alone = World::with_console(Sandbox::database_only(), (&database, NOBODY.1));
    let browser = &alone.browser;
    browser.get("/dead-letters").shows(200, &["order_not_found"]).hides(&["secret"]);
    let flat = browser.get("/dead-letters?view=flat").shows(200, &["A-1"]);
    let (_, id) = flat.body.split_once("name=\"letter.").unwrap();
    let id = id.split('"').next().unwrap();
    browser.get(&format!("/dead-letters/{id}")).shows(200, &["TRADE_SUCCESS", "0 placed"]);
    browser.get("/dead-letters/ffffffffffff").shows(404, &["there is no dead letter"]);
    let fields = [("which", "all"), ("by", "王"), ("note", "x")];
    let act = |act| browser.post("/dead-letters", &[&fields[..], &[("act", act)]].concat());
    act("dry_run").shows(200, &["Nothing was changed", "status placed -&gt; paid"]);
    for move_by in ["replay", "discard"] {
        act(move_by).shows(503, &[NO_BROKER]);
    }
    browser.get("/dead-letters?view=flat").shows(200, &["All that match: 1"]);
}

#[test]
fn without_a_database_only_the_status_works() {
    let world = World::new();
    let letter = crate::world::notification("A-1", "T1", "TRADE_SUCCESS", "10.00");
    world.publish(vec![crate::world::dead(letter, "A-1", "order_not_found", "no order A-1")]);
    let broker = world.sandbox.amqp_url.clone();
    let alone = World::with_console(Sandbox::database_only(), (NOBODY.0, &broker));
    let browser = &alone.browser;
    browser.get("/").shows(200, &[NO_DATABASE, "alipay.dead", "1 dead letter"]);
    for path in [
        "/orders",
        "/orders/A-1",
        "/products",
        "/reviews",
        "/reviews/1",
        "/dead-letters",
        "/dead-letters?view=flat",
        "/dead-letters/ffffffffffff",
    ] {
        browser.get(path).shows(503, &[NO_DATABASE]).hides(&["secret"]);
    }
}

/// The database ends while an operator has the page open.
#[test]
fn an_act_that_cannot_be_recorded_is_not_done() {
    let world = World::new();
    let letter = crate::world::notification("A-1", "T1", "TRADE_SUCCESS", "10.00");
    world.publish(vec![crate::world::dead(letter, "A-1", "order_not_found", "no order A-1")]);
    let proxy = FaultProxy::in_front_of(&world.sandbox.database_url).unwrap();
    let database = proxy.url(&world.sandbox.database_url);
    let broker = world.sandbox.amqp_url.clone();
    let alone = World::with_console(Sandbox::database_only(), (&database, &broker));
    let browser = &alone.browser;
    let token = browser.token();
    proxy.lead_to(NOBODY.0).unwrap();
    proxy.cut();
    for act in ["replay", "discard", "dry_run"] {
        let fields = [("which", "all"), ("act", act), ("by", "王"), ("note", "x")];
        let body = form(&[&[("token", token.as_str())], &fields[..]].concat());
        browser.post_as("/dead-letters", &body, &browser.own()).shows(503, &[NO_DATABASE]);
    }
    world.browser.get("/dead-letters?view=flat").shows(200, &["All that match: 1"]);
}

#[test]
fn status_is_503_without_broker_and_database() {
    let alone = World::with_console(Sandbox::database_only(), NOBODY);
    for _ in 0..2 {
        alone.browser.get("/").shows(503, &[NO_DATABASE, NO_BROKER]).hides(&["secret"]);
    }
    alone.browser.get("/nothing").shows(404, &[]);
}

#[test]
fn a_database_that_does_not_answer_gives_an_error_page_and_recovers() {
    let world = World::new();
    let proxy = FaultProxy::in_front_of(&world.sandbox.database_url).unwrap();
    let url = proxy.url(&world.sandbox.database_url);
    let broker = world.sandbox.amqp_url.clone();
    let alone = World::with_console(Sandbox::database_only(), (&url, &broker));
    alone.browser.get("/products").shows(200, &["Gift"]);
    proxy.black_hole();
    let began = Instant::now();
    alone.browser.get("/products").shows(503, &[NO_DATABASE]);
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    proxy.cut();
    proxy.resume();
    until("it comes back", || alone.browser.get("/products").status == 200);
}

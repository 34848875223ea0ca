//! `ops refund` at the legacy gateway: a link for the person who has the password.

use serde_json::json;
use testkit::clock::{beijing, minutes_ago, wait_past_midnight};
use testkit::http;

use crate::pay_link::get;
use crate::world::World;

const TWO: &str = "refund A-1 --amount 2.00 --reason broken --by ann";

#[test]
fn a_legacy_refund_link_makes_one_batch_after_the_password() {
    wait_past_midnight();
    let world = World::new();
    let _worker = world.paid(&[("A-1", "shop")]);
    world.run(TWO).ended(0, "no --notify-url");
    let asked = world.json(&format!("{TWO} --notify-url http://127.0.0.1:1/refund"));
    assert_eq!((&asked["state"], &asked["asked_by"]), (&json!("asked"), &json!("ann")));
    let batch = asked["request_no"].as_str().unwrap();
    let today = beijing(minutes_ago(0))[..10].replace('-', "");
    assert!(batch.starts_with(&today), "{batch}");
    let again = world.json(&TWO.replace("ann", "bob"));
    assert_eq!(again["request_no"], batch, "one batch");

    // A refund that waits for the password counts.
    world.run("refund A-1 --amount 8.01 --reason more").ended(1, "more than the 8.00 yuan");
    world.run("refund A-1 --amount 1 --reason a|b").ended(2, "reason has one of ^ | $ #");
    world.run("refund A-1 --amount 1 --reason a --request-no 000").ended(2, "serial is not");
    world.run("refund A-1 --amount 8 --reason rest").ended(0, "");
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let sql = "DELETE FROM refund_request WHERE amount = 800";
    diesel::connection::SimpleConnection::batch_execute(&mut *connection, sql).unwrap();
    let own = world.json(&format!("{TWO} --request-no abc"));
    assert_eq!(own["request_no"], format!("{today}abc"));

    // Both links lead to one batch, which Alipay accepts once.
    let mut pages = Vec::new();
    for answer in [&asked, &again] {
        let page = get(answer["link"].as_str().unwrap());
        let location = page.header("location").expect("a redirect");
        assert!(location.starts_with("/refund/"), "{page:?}");
        pages.push(format!("{}{location}", world.alipay_url()));
    }
    let statuses = [0, 1].map(|at| http::post_form(&pages[at], "password=1").unwrap().status);
    assert_eq!(statuses, [200, 409]);
    assert_eq!(world.refunds("A-1", "shop"), [200]);
}

#[test]
fn a_legacy_batch_of_an_earlier_day_is_not_repeated() {
    wait_past_midnight();
    let world = World::new();
    let _worker = world.paid(&[("A-1", "shop")]);
    let number = world.json(TWO)["request_no"].as_str().unwrap().to_owned();
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let mut sql = |text: &str| {
        diesel::connection::SimpleConnection::batch_execute(&mut *connection, text).unwrap();
    };
    let last_month = beijing(minutes_ago(30 * 24 * 60))[..10].replace('-', "");
    let old = format!("{last_month}{}", &number[8..]);
    sql(&format!("UPDATE refund_request SET request_no = '{old}'"));
    world.run(TWO).ended(1, "its link is no longer good");
    // Nobody typed the password, so it blocks no other refund.
    let new = world.json("refund A-1 --all --reason other");
    assert_eq!(new["amount"], 1000);
    sql("DELETE FROM refund_request WHERE is_rest");

    // Somebody had typed it: Alipay reports it late.
    let trade = world.trade("A-1", "shop")["trade_no"].as_str().unwrap().to_owned();
    sql(&format!(
        "INSERT INTO refund (merchant, trade_no, refund_key, request_no, amount, result) \
         VALUES ('shop', '{trade}', '{old}', '{old}', 200, 'SUCCESS')"
    ));
    let told = world.json(TWO);
    assert_eq!((&told["state"], &told["link"]), (&json!("accepted"), &json!(null)));
    assert_eq!(told["request_no"], old);

    // If it failed, the same command makes a new batch.
    sql("UPDATE refund SET result = 'SELLER_BALANCE_NOT_ENOUGH'");
    sql("UPDATE refund_request SET state = 'asked'");
    let anew = world.json(TWO);
    assert_eq!(anew["state"], "asked");
    assert_ne!(anew["request_no"], old);
}

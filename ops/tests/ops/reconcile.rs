//! query and reconcile against a gateway, and a real worker that applies the answers.

use std::time::Duration;

use queue::topology::work_queue;
use serde_json::{Value, json};
use testkit::clock::{beijing_in_json, minutes_ago};
use testkit::{Sandbox, until};

use crate::dead_letters::{depth, publish};
use crate::gateway_at_hand::{GatewayAtHand, PAID_MINUTES_AGO};
use crate::program::Ops;
use crate::reviews::notification;

/// A shop whose notifications were lost.
pub(crate) struct World {
    pub(crate) ops: Ops,
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: GatewayAtHand,
}

impl World {
    pub(crate) fn new() -> World {
        let sandbox = Sandbox::new();
        let gateway = GatewayAtHand::start();
        let ops = Ops::with_schema(&sandbox).with_shop();
        let ops = ops.set("ALIPAY__MERCHANTS__SHOP__GATEWAY", &gateway.url);
        ops.run("topology apply").done();
        ops.run("product add gift --name Gift --kind stock --price 10").done();
        let codes = ["stock", "import", "gift", "--file", "-"];
        ops.run_with(&codes, b"CODE-1\nCODE-2\nCODE-3\n").done();
        World { ops, sandbox, gateway }
    }

    pub(crate) fn order(&self, id: &str) {
        self.ops.run(&format!("order create {id} --merchant shop --product gift")).done();
    }
}

#[test]
fn a_query_of_one_order_heals_it() {
    let world = World::new();
    let ops = &world.ops;
    world.order("A-1");
    let begun = ops.json("query A-1");
    assert_eq!(
        (&begun["comparison"], &begun["gateway"]["exists"]),
        (&json!("same"), &json!(false))
    );

    world.gateway.knows_paid("A-1", "10.00");
    let answer = ops.run("query A-1 --output json").ended(1, "ops query --apply").json();
    assert_eq!(answer["comparison"], "news");
    assert_eq!(answer["gateway"]["trade_status"], "TRADE_SUCCESS");
    let paid_at = beijing_in_json(minutes_ago(PAID_MINUTES_AGO));
    assert_eq!(answer["gateway"]["gmt_payment"], paid_at);
    assert_eq!(
        (&answer["held"]["trade_status"], &answer["applied"]),
        (&json!("NO_PAY"), &json!(null))
    );
    assert_eq!(answer["foreseen"]["changes"][0]["goods"], "delivered");
    assert_eq!(ops.json("order show A-1")["status"], 0, "a question changes nothing");
    assert_eq!(depth(&world.sandbox.amqp_url, &work_queue(0)), 0);
    let text = ops.run("query A-1").ended(1, "").stdout;
    assert!(text.contains("TRADE_SUCCESS") && text.contains("NO_PAY"), "{text}");
    assert!(text.contains("status placed -> paid, goods delivered"), "{text}");

    let worker = world.ops.worker();
    let applied = ops.run("query A-1 --apply").done().stdout;
    assert!(applied.contains("A worker has applied it.\nfacts added: paid"), "{applied}");
    assert_eq!(ops.json("order show A-1")["status"], 8);
    assert_eq!(ops.json("query A-1")["comparison"], "same");
    assert_eq!(ops.json("query A-1 --apply")["applied"], Value::Null, "nothing to send");

    // Paid as usual: the gateway confirms it, which is no difference.
    world.order("A-3");
    let url = world.sandbox.amqp_url.as_str();
    publish(url, vec![notification("A-3", "2026112300001000", "TRADE_SUCCESS", "")]);
    until("A-3 is paid", || ops.json("order show A-3")["status"] != 0);
    world.gateway.knows_paid("A-3", "10.00");
    let same = ops.json("query A-3");
    assert_eq!(same["comparison"], "same", "{same}");
    drop(worker);

    world.order("A-2");
    world.gateway.knows_paid("A-2", "9.00");
    let answer = ops.run("query A-2 --apply --output json").ended(1, "does not agree").json();
    assert_eq!(answer["foreseen"]["reason"], "total_mismatch");
}

#[test]
fn exit_code_3_when_unreachable_2_when_misconfigured() {
    let world = World::new();
    let ops = world.ops;
    world.gateway.slow(Duration::from_secs(3));
    ops.run("order create A-1 --merchant shop --product gift").done();
    ops.run("query nothing").ended(1, "there is no order nothing");
    let ops = ops.set("ALIPAY__WORKER__QUERY_TIMEOUT", "500ms");
    ops.run("query A-1").ended(3, "timeout");
    let ops = ops.set("ALIPAY__MERCHANTS__SHOP__GATEWAY", "http://127.0.0.1:1/gateway.do");
    ops.run("query A-1").ended(3, "no_connection");
    let answer = ops.run("reconcile --since 1h --output json").ended(3, "could not be queried");
    assert_eq!(answer.json()["unanswered"][0]["reason"], "no_connection");
    let ops = ops
        .set("ALIPAY__MERCHANTS__SHOP__SIGN_TYPES", "RSA")
        .set("ALIPAY__MERCHANTS__SHOP__ALIPAY_PUBLIC_KEYS_FILE", PUBLIC_KEY);
    ops.run("query A-1").ended(2, "merchants.shop.private_key");
    ops.run("reconcile --since 1h").ended(2, "no merchant of the time span can be queried");
    ops.run("reconcile --since 1h --until 2h").ended(2, "--until is not after --since");
    ops.run("reconcile --since 1h --merchant other").ended(2, "other is not configured");
}

const PUBLIC_KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../common/alipay/tests/fixtures/keys/rsa2048-certificate.pem"
);

#[test]
fn all_orders_of_a_time_span_are_reconciled() {
    let world = World::new();
    let ops = &world.ops;
    for n in 0..50 {
        world.order(&format!("A-{n:02}"));
    }
    for order in ["A-03", "A-45"] {
        world.gateway.knows_paid(order, "10.00");
    }
    world.gateway.knows("A-07", "TRADE_CLOSED", "10.00", &[]);
    world.gateway.knows_paid("A-08", "99.00");

    let reconcile = "reconcile --since 1h --rate 500";
    let dry = ops.run(&format!("{reconcile} --dry-run --output json")).ended(1, "4 orders differ");
    let page = dry.json();
    assert_eq!(
        (&page["orders"], &page["asked"], &page["same"], &page["not_begun"], &page["published"]),
        (&json!(50), &json!(50), &json!(46), &json!(46), &json!(0))
    );
    // Orders that would be an alarm were queried again.
    assert_eq!(world.gateway.asked().len(), 54);
    assert_eq!(depth(&world.sandbox.amqp_url, &work_queue(0)), 0);

    let page = ops.run(&format!("{reconcile} --output json")).ended(1, "1 order differs").json();
    assert_eq!(page["published"], 3);
    let differ: Vec<(&str, &str)> = page["differ"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["order"].as_str().unwrap(), one["comparison"].as_str().unwrap()))
        .collect();
    assert_eq!(differ.len(), 4, "{page}");
    assert!(differ.contains(&("A-08", "disagrees")) && differ.contains(&("A-45", "news")));

    let worker = world.ops.worker();
    let status = |order: &str| ops.json(&format!("order show {order}"))["status"].clone();
    until("all are healed", || ["A-45", "A-03", "A-07"].iter().all(|order| status(order) != 0));
    drop(worker);
    assert_eq!((status("A-03"), status("A-07"), status("A-08")), (json!(8), json!(32), json!(0)));
    let text = ops.run(reconcile).ended(1, "1 order differs").stdout;
    // A-07 is finished, so it is not queried.
    assert!(text.contains("asked about 49 of 49 orders: 48 the same"), "{text}");
    assert!(text.contains("does not agree: total_mismatch"), "{text}");
    let all = ops.run(&format!("{reconcile} --all --output json")).ended(1, "").json();
    assert_eq!((&all["asked"], &all["published"]), (&json!(50), &json!(0)));
    let none = ops.run("reconcile --since 2h --until 1h").done().stdout;
    assert!(none.contains("asked about 0 of 0 orders"), "{none}");
}

/// A payment that arrives between the gateway's answer and the reading of our row is no alarm; one that Alipay does not
/// know at the second query is.
#[test]
fn traffic_during_a_reconciliation_raises_no_false_alarm() {
    let world = std::sync::Arc::new(World::new());
    for (order, becomes_known) in [("A-1", true), ("A-2", false)] {
        world.order(order);
        let there = std::sync::Arc::clone(&world);
        world.gateway.meanwhile(move || {
            // As a worker writes a notification; by then Alipay knows the trade, too.
            let mut connection = store::Pool::new(&there.sandbox.database_url, 1).get().unwrap();
            let pay = format!(
                "INSERT INTO trade (order_id, trade_no, facts, gmt_payment) VALUES \
                 ('{order}', '2026112300001000', 'paid', UTC_TIMESTAMP(6)); \
                 UPDATE user_order SET trade_no = '2026112300001000', status = 8, trade_status = 8, \
                 is_send_goods = TRUE WHERE id = '{order}'; \
                 INSERT INTO fulfillment (order_id, product_id, state, units, given) VALUES \
                 ('{order}', 'gift', 'delivered', 1, 1)"
            );
            diesel::connection::SimpleConnection::batch_execute(&mut *connection, &pay).unwrap();
            if becomes_known {
                there.gateway.knows_paid(order, "10.00");
            }
        });
        let page = world.ops.run("reconcile --since 1h --dry-run --output json");
        if becomes_known {
            assert_eq!(page.done().json()["differ"], json!([]));
        } else {
            let page = page.ended(1, "1 order differs").json();
            assert_eq!(page["differ"][0]["comparison"], "unknown_there", "{page}");
        }
        assert_eq!(world.gateway.asked().iter().filter(|it| *it == order).count(), 2);
    }
}

/// As for workers: a paid order whose trade still waits for its buyer there is no news, but a contradiction. It is asked about
/// a second time, and not published: the answer would open a review.
#[test]
fn a_trade_that_waits_there_contradicts_a_paid_order() {
    let world = World::new();
    world.order("A-1");
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let pay = "INSERT INTO trade (order_id, trade_no, facts, gmt_payment) VALUES \
               ('A-1', '2026112300001000', 'paid', UTC_TIMESTAMP(6) - INTERVAL 1 HOUR); \
               UPDATE user_order SET trade_no = '2026112300001000', status = 8, trade_status = 8, \
               is_send_goods = TRUE; \
               INSERT INTO fulfillment (order_id, product_id, state, units, given) VALUES \
               ('A-1', 'gift', 'delivered', 1, 1)";
    diesel::connection::SimpleConnection::batch_execute(&mut *connection, pay).unwrap();
    world.gateway.knows("A-1", "WAIT_BUYER_PAY", "10.00", &[]);
    let query = world.ops.run("query A-1 --apply --output json").ended(1, "a payment").json();
    assert_eq!(query["comparison"], "unknown_there", "{query}");
    assert_eq!(query["gateway"]["exists"], true);
    let told = world.ops.run("query A-1").ended(1, "").stdout;
    assert!(told.contains("nothing is paid, and the order is paid here"), "{told}");
    let page = world.ops.run("reconcile --since 1h --output json").ended(1, "1 order differs");
    let page = page.json();
    assert_eq!((&page["published"], &page["asked"]), (&json!(0), &json!(1)), "{page}");
    // Twice by `query`, twice by `reconcile`.
    assert_eq!(world.gateway.asked().len(), 4);
}

#[test]
fn an_interrupted_reconciliation_reports_how_far_it_got() {
    let world = World::new();
    for n in 0..50 {
        world.order(&format!("A-{n:02}"));
    }
    let mut run = world.ops.start(&["reconcile", "--since", "1h", "--rate", "10"]);
    until("five are asked about", || world.gateway.asked().len() >= 5);
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(run.id().try_into().unwrap()),
        nix::sys::signal::Signal::SIGINT,
    )
    .unwrap();
    let line = run.wait_for_line("ended early");
    assert!(line.contains("interrupted"), "{line}");
    assert_eq!(run.wait().code(), Some(3));
    assert!(world.gateway.asked().len() < 50);
}

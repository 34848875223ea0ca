//! `ops refund` at the Open Platform: once, whatever happens.

use std::time::{Duration, Instant};

use order::RefundRequestState;
use serde_json::json;

use crate::lost_answer::LostAnswer;
use crate::world::World;

const ONE: &str = "refund B-1 --amount 1.00 --reason broken --by ann";

#[test]
fn a_repeated_refund_command_refunds_once() {
    let world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    let first = world.json(ONE);
    assert_eq!(
        (&first["state"], &first["amount"], &first["refunded_fee"], &first["asked_by"]),
        (&json!("accepted"), &json!(100), &json!(100), &json!("ann"))
    );
    let again = world.json(&ONE.replace("ann", "bob"));
    assert_eq!((&again["request_no"], &again["asked_by"]), (&first["request_no"], &json!("ann")));
    assert_eq!(world.refunds("B-1", "app"), [100]);

    // A second refund with its own number, at least 3 s after the first.
    let began = Instant::now();
    let second = world.json(&format!("{ONE} --request-no R2000"));
    assert_eq!((&second["request_no"], &second["refunded_fee"]), (&json!("R2000"), &json!(200)));
    world.json(&format!("{ONE} --request-no R2000"));
    world.json("refund B-1 --amount 1 --reason another --again");
    assert!(began.elapsed() > Duration::from_secs(3), "refunds of one trade too close");
    assert_eq!(world.refunds("B-1", "app"), [100, 100, 100]);
    let taken = "refund B-1 --amount 2 --reason broken --request-no R2000";
    world.run(taken).ended(1, "request number R2000 is taken by a refund of 1.00 yuan");

    world.run("refund B-1 --amount 7.01 --reason much").ended(1, "more than the 7.00 yuan");
    let all = "refund B-1 --all --reason rest";
    assert_eq!(world.json(all)["amount"], 700);
    assert_eq!(world.json(all)["amount"], 700);
    assert_eq!(world.refunds("B-1", "app"), [100, 100, 100, 700]);
    // No notification came: the workers have queried the gateway.
    world.until("B-1", |order| order["status"] == 105);
    assert_eq!(world.json(all)["state"], "accepted", "also afterwards");
    world.run("refund B-1 --amount 0.01 --reason more").ended(1, "is refunded in full");
}

#[test]
fn a_partial_refund_is_booked_without_its_notification() {
    let mut world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    let refunded = world.json(ONE);
    world.until("B-1", |order| order["refunded_fee"] == 100 && order["needs_review"] == true);
    let line = &world.json("order show B-1")["refunds"][0];
    assert_eq!(
        (&line["request_no"], &line["amount"], &line["running_total"]),
        (&refunded["request_no"], &json!(100), &json!(100))
    );

    // The broker is away when Alipay has answered: the repeated command queries the result again.
    let broker = world.sandbox.amqp_url.clone();
    world.set("AMQP_URL", "amqp://127.0.0.1:1/%2f");
    let two = "refund B-1 --amount 2.00 --reason two";
    world.run(two).ended(3, "the message to the workers is not queued");
    world.set("AMQP_URL", &broker);
    // Without that answer the refund is not booked, since nothing else reports it.
    let gateway = world.gateway();
    world.set_gateway("http://127.0.0.1:1/gateway.do");
    world.run(two).ended(3, "workers have not heard of it");
    world.set_gateway(&gateway);
    assert_eq!(world.json(two)["state"], "accepted");
    world.until("B-1", |order| order["refunded_fee"] == 300);
    assert_eq!(world.refunds("B-1", "app"), [100, 200]);
    world.run("audit --grace 0s").ended(0, "");
}

#[test]
fn two_operators_at_once_make_one_refund() {
    let world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    let with = |name: &'static str| {
        let mut words: Vec<&str> = ONE.split(' ').collect();
        *words.last_mut().unwrap() = name;
        world.start(&words)
    };
    let (mut ann, mut bob) = (with("ann"), with("bob"));
    assert!(ann.wait().success(), "{}", ann.stderr());
    assert!(bob.wait().success(), "{}", bob.stderr());
    assert_eq!(world.refunds("B-1", "app"), [100]);

    // All of it, twice at once, and a part: never more than the total.
    let all = ["refund", "B-1", "--all", "--reason", "gone", "--by", "ann"];
    let part = ["refund", "B-1", "--amount", "5", "--reason", "half", "--by", "bob"];
    let mut running = [world.start(&all), world.start(&all), world.start(&part)];
    let ended: Vec<bool> = running.iter_mut().map(|one| one.wait().success()).collect();
    assert_eq!(ended[0], ended[1], "{ended:?}");
    let refunds = world.refunds("B-1", "app");
    assert_eq!(refunds.iter().sum::<i64>(), 1000, "{refunds:?}");
}

#[test]
fn a_refund_repeated_after_a_crash_is_made_once() {
    let mut world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    let line = LostAnswer::to(world.alipay_url());
    let gateway = world.gateway();
    world.set_gateway(&line.gateway);
    let mut ops = world.start(&ONE.split(' ').collect::<Vec<_>>());
    line.wait();
    ops.kill();
    assert_eq!(world.refunds("B-1", "app"), [100], "the call was carried out");
    let mut connection = store::Pool::new(&world.sandbox.database_url, 1).get().unwrap();
    let requests = store::refund_request::of_order(&mut connection, "B-1").unwrap();
    assert_eq!(requests[0].state, RefundRequestState::Unknown);

    // A request without an answer counts.
    world.set_gateway(&gateway);
    world.run("refund B-1 --amount 9.50 --reason rest").ended(
        1,
        "9.00 yuan left of order B-1; asked for and not known to be refunded: 1.00 yuan as 20",
    );
    let repeated = world.json(ONE);
    assert_eq!((&repeated["state"], &repeated["error"]), (&json!("accepted"), &json!(null)));
    assert_eq!(world.refunds("B-1", "app"), [100]);
}

#[test]
fn a_refund_stays_open_when_the_gateway_is_too_slow() {
    let mut world = World::new();
    let _worker = world.paid(&[("B-1", "app")]);
    world.set("ALIPAY__WORKER__QUERY_TIMEOUT", "500ms");
    world.start_alipay(&["--gateway-delay", "5s"]);
    let open =
        world.run(&format!("{ONE} --output json")).ended(3, "Repeat the same command").json();
    assert_eq!(open["state"], "unknown");
    assert!(open["error"].as_str().unwrap().starts_with("timeout: "), "{open}");
    world.start_alipay(&[]);
    let repeated = world.json(ONE);
    assert_eq!(
        (&repeated["state"], &repeated["request_no"]),
        (&json!("accepted"), &open["request_no"])
    );
    assert_eq!(world.refunds("B-1", "app"), [100]);
}

#[test]
fn invalid_refunds_are_refused() {
    let mut world = World::new();
    let worker = world.paid(&[("B-1", "app")]);
    world.order("B-2", "app");
    world.run("refund B-2 --all --reason no").ended(1, "order B-2 is not paid");
    world.run("refund nothing --all --reason no").ended(1, "there is no order nothing");
    world.run("refund B-1 --all").ended(2, "--reason");
    world.run("refund B-1 --reason no").ended(2, "--amount");
    world.run("refund B-1 --all --amount 1 --reason no").ended(2, "cannot be used with");
    world.run("refund B-1 --amount 0 --reason no").ended(2, "above zero");
    world.run("refund B-1 --amount 10.01 --reason no").ended(1, "more than the 10.00 yuan");
    world.run("refund B-1 --all --reason no --trade-no T9").ended(1, "no trade T9 paid");
    assert!(world.refunds("B-1", "app").is_empty());

    // Refunded by somebody else meanwhile, and no worker has heard of it: Alipay knows better, and its no is the
    // end of it.
    drop(worker);
    world.run("refund B-1 --amount 6 --reason one").ended(0, "");
    let sql = "DELETE FROM refund_request";
    diesel::connection::SimpleConnection::batch_execute(
        &mut *store::Pool::new(&world.sandbox.database_url, 1).get().unwrap(),
        sql,
    )
    .unwrap();
    let no = "refund B-1 --amount 9 --reason two";
    let refused = world.run(&format!("{no} --output json")).ended(1, "not refunded").json();
    assert_eq!(refused["state"], "refused");
    assert!(refused["error"].as_str().unwrap().contains("REFUND_FEE_ERR"), "{refused}");
    let again = world.run(&format!("{no} --output json")).ended(1, "not refunded").json();
    assert_eq!(again["request_no"], refused["request_no"]);
    // It blocks no other refund.
    world.run("refund B-1 --amount 4 --reason three").ended(0, "");
    assert_eq!(world.refunds("B-1", "app"), [600, 400]);
    world.set("ALIPAY__MERCHANTS__APP__GATEWAY", "ftp://127.0.0.1/");
    world.run(no).ended(2, "merchants.app.gateway");
}

//! A gateway that is down, slow, or gives unusable answers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use queue::Envelope;
use testkit::{FakeGateway, FaultProxy, Reply};

use crate::alipay_side::{AlipaySide, UNPAID};

/// The path of a gateway behind a proxy.
pub(crate) fn through(proxy: &FaultProxy) -> String {
    format!("http://{}/gateway.do", proxy.address())
}

pub(crate) fn in_front_of(address: &str) -> FaultProxy {
    let host = address.trim_start_matches("http://").trim_end_matches("/gateway.do");
    let target: SocketAddr = host.parse().expect("an address");
    FaultProxy::start(target).expect("a proxy")
}

#[test]
fn a_gateway_that_is_down_and_then_slow_is_asked_again() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let proxy = in_front_of(&address);
    side.place("shop", "DOWN", "CODE");
    side.pays("shop", "DOWN", &["--drop"]);
    proxy.cut();
    let worker = side.worker(&through(&proxy), &[UNPAID]);
    let row = "gateway_query WHERE order_id = 'DOWN' AND asked = 0 AND answer IS NULL";
    side.world.wait_for_count(&format!("{row} AND error LIKE 'no answer from the gateway%'"), 1);
    proxy.resume();
    proxy.black_hole();
    side.world.wait_for_count(&format!("{row} AND error LIKE '%did not answer within%'"), 1);
    proxy.resume();
    side.world.expect("DOWN", |order| order["is_send_goods"] == true);
    side.world
        .wait_for_count("gateway_query WHERE order_id = 'DOWN' AND asked > 0 AND error IS NULL", 1);
    let said = worker.stderr();
    assert_eq!(said.matches("the gateway cannot be asked").count(), 1, "{said}");
    assert_eq!(said.matches("the gateway answers again").count(), 1, "{said}");
}

#[test]
fn an_unreliable_gateway_still_heals_every_order() {
    let mut side = AlipaySide::new(20);
    let (_gateway, address) = side.gateway(&["--gateway-fail", "30%"]);
    side.world.place_orders("H", 10);
    for number in 1..=10 {
        side.pays("shop", &format!("H{number:06}"), &["--drop"]);
    }
    let _worker = side.worker(&address, &[UNPAID]);
    side.world.wait_for_count("user_order WHERE status = 8 AND is_send_goods", 10);
    assert_eq!(side.world.count("stock_item WHERE state = 'delivered'"), 10);
}

#[test]
fn a_worker_that_waits_for_the_gateway_stops_at_once() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&["--gateway-delay", "60s"]);
    side.place("shop", "SLOW", "CODE");
    let timeout = ("ALIPAY__WORKER__QUERY_TIMEOUT", "60s");
    let mut worker = side.worker(&address, &[UNPAID, timeout]);
    side.world.wait_for_count("gateway_query WHERE asked_at IS NOT NULL", 1);
    let asked = Instant::now();
    worker.terminate();
    assert!(worker.wait().success());
    assert!(asked.elapsed() < Duration::from_secs(5), "took {:?}", asked.elapsed());
}

#[test]
fn an_answer_with_a_wrong_signature_adds_no_fact() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&["--gateway-wrong-signature"]);
    for (merchant, order) in [("shop", "FORGED-1"), ("app", "FORGED-2")] {
        side.place(merchant, order, "CODE");
        side.pays(merchant, order, &["--drop"]);
    }
    let worker = side.worker(&address, &[UNPAID]);
    side.world.wait_for_count(
        "gateway_query WHERE error LIKE '%signature%' AND asked = 0 \
         AND due_at > UTC_TIMESTAMP(6) + INTERVAL 30 SECOND",
        2,
    );
    assert_eq!(side.world.count("user_order WHERE status <> 0 OR is_send_goods"), 0);
    assert_eq!(side.world.count("notification"), 0);
    let said = worker.stderr();
    assert_eq!(said.matches("the gateway's answer cannot be used").count(), 2, "{said}");
}

#[test]
fn an_unreadable_answer_changes_nothing() {
    let mut side = AlipaySide::new(5);
    let page = Reply::text("<html><body>502 Bad Gateway</body></html>");
    let address = FakeGateway::start(page).expect("a gateway").url;
    side.place("shop", "GARBAGE", "CODE");
    side.place("app", "RUBBISH", "CODE");
    let _worker = side.worker(&address, &[UNPAID]);
    side.world.wait_for_count("gateway_query WHERE error LIKE '%not an answer%' AND asked = 0", 2);
    assert_eq!(side.world.count("notification"), 0);
}

/// Answers in the queue are verified again, and their order number is compared, whoever published them.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_for_another_order_is_dead_lettered_with_its_evidence() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    let _worker = side.worker(&address, &[]);
    side.place("app", "PAID", "CODE");
    side.place("app", "OTHER", "CODE");
    side.pays("app", "PAID", &["--drop"]);
    side.publish([Envelope::query_request("app", "PAID", "ops", chrono::Utc::now())]).await;
    side.world.expect("PAID", |order| order["is_send_goods"] == true);
    let form = side
        .text("SELECT CAST(form AS CHAR) AS text FROM notification WHERE kind = 'query_answer'");
    let form = alipay::Form::parse(form.as_bytes()).expect("a form");
    let body = form.get("answer").expect("an answer").to_vec();
    let answer = |order, body: &[u8]| {
        Envelope::query_answer("app", alipay::Charset::Utf8, order, chrono::Utc::now(), body)
    };
    let mut forged = body.clone();
    let at = body.windows(5).position(|window| window == b"10.00").expect("an amount");
    forged[at..at + 5].copy_from_slice(b"99.00");
    side.publish([answer("OTHER", &body), answer("PAID", &forged), answer("PAID", b"<html>")])
        .await;
    side.world.wait_for_count("notification WHERE outcome = 'rejected'", 3);
    let letters = side.world.dead_letters();
    let letters: Vec<(&str, &str)> =
        letters.iter().map(|(order, reason)| (order.as_str(), reason.as_str())).collect();
    assert_eq!(
        letters,
        [
            ("OTHER", "answer_for_another_order"),
            ("PAID", "bad_signature"),
            ("PAID", "not_an_answer")
        ]
    );
    let evidence = "error LIKE '%asked about order OTHER and answered about PAID%'";
    assert_eq!(side.world.count(&format!("notification WHERE {evidence}")), 1);
    assert_eq!(side.world.count("user_order WHERE id = 'OTHER' AND status <> 0"), 0);
    assert_eq!(side.world.count("stock_item WHERE state = 'delivered'"), 1);
}

/// Another query would cause the same letter each time.
#[test]
fn an_answer_that_disagrees_is_one_dead_letter() {
    let mut side = AlipaySide::new(5);
    let (_gateway, address) = side.gateway(&[]);
    for (merchant, order) in [("shop", "TOO-MUCH-1"), ("app", "TOO-MUCH-2")] {
        side.place(merchant, order, "CODE");
        side.happens("pay", merchant, order, &["--total", "20.00", "--drop"]);
    }
    let _worker = side.worker(&address, &[UNPAID]);
    side.world.wait_for_count("notification WHERE reason = 'total_mismatch'", 2);
    testkit::until("nobody asks again", || side.world.count("gateway_query") == 0);
    let letters = side.world.dead_letters();
    assert_eq!(letters.len(), 2, "{letters:?}");
    assert_eq!(side.world.count("user_order WHERE status <> 0 OR is_send_goods"), 0);
}

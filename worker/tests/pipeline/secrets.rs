//! What is never logged, at any level: the list in docs/LOGGING.md.

use alipay::{Form, Md5Key, Rule, Signer};
use chrono::{SubsecRound as _, Utc};
use testkit::{Sandbox, TestApp, http, until};

use crate::world::{CONFIG, World};

/// Everything, also of libraries.
const EVERYTHING: (&str, &str) =
    ("RUST_LOG", "trace,lapin=trace,mysql_async=trace,rustls=trace,hyper=trace");

const PASSWORD: &str = "correct0horse0battery0staple";
const MD5_KEY: &str = "only0for0tests";

#[tokio::test(flavor = "multi_thread")]
async fn trace_logs_contain_no_password_and_no_key() {
    let app = TestApp::on(Sandbox::with_password(PASSWORD), CONFIG).with_codes(2);
    let world = World::of(app.with_ingress(&[EVERYTHING]));
    let talkative = world.pipeline.with(&[EVERYTHING]);
    let worker = talkative.start_worker();
    world.pipeline.order("S1", "shop", "CODE").expect("an order");
    world.send(world.payment("S1")).await;
    world.expect("S1", |order| order["is_send_goods"] == true);
    let status = talkative.run("ops", &["status"]);
    let ops = String::from_utf8_lossy(&status.stderr).into_owned();
    for (program, log) in
        [("ingress", world.ingress_log()), ("worker", worker.stderr()), ("ops", ops)]
    {
        assert!(log.contains(" DEBUG ") || log.contains(" TRACE "), "{program} logs little: {log}");
        // A frame is shown as text, as bytes or as numbers.
        let numbers: Vec<String> = PASSWORD.bytes().take(8).map(|byte| byte.to_string()).collect();
        for secret in [PASSWORD, MD5_KEY, &numbers.join(", "), "buyer@example.com"] {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{program} logs {secret}");
        }
    }
}

/// A buyer's data in a message. Each value has a part of letters and digits that is the same in any encoding.
const BUYER: [(&str, &str); 7] = [
    ("buyer_id", "2088777766665555"),
    ("buyer_email", "markedmail@example.com"),
    ("buyer_logon_id", "markedlogon***@example.com"),
    ("receive_name", "markedname"),
    ("receive_address", "markedstreet 7"),
    ("receive_mobile", "13977776666"),
    ("body", "markedtext"),
];

/// A payment of 10.00 for an order, with `changes`, as Alipay signs it.
fn signed(order: &str, changes: &[(&str, &str)]) -> Form {
    let now = alipay::format_beijing(Utc::now().trunc_subsecs(0));
    let mut form = Form::from_pairs([
        ("notify_type", "trade_status_sync"),
        ("notify_id", &format!("id-of-{order}")),
        ("notify_time", now.as_str()),
        ("out_trade_no", order),
        ("trade_no", &format!("20261129{order}")),
        ("trade_status", "TRADE_SUCCESS"),
        ("total_fee", "10.00"),
        ("seller_id", "2088000000000001"),
        ("gmt_create", now.as_str()),
        ("gmt_payment", now.as_str()),
    ]);
    for (name, value) in BUYER.iter().chain(changes) {
        form.set(name, *value);
    }
    let signer = Signer::Md5(Md5Key::new(MD5_KEY));
    signer.sign_form(&mut form, Rule::DropEmpty).expect("a signature");
    form
}

fn signature(form: &Form) -> String {
    String::from_utf8(form.get("sign").expect("it is signed").to_vec()).expect("digits")
}

#[tokio::test(flavor = "multi_thread")]
async fn trace_logs_contain_no_signature_body_or_buyer_data() {
    let app = TestApp::builder(CONFIG).with_codes(9).with_ingress(&[EVERYTHING]);
    let mut world = World::of(app);
    let worker = world.pipeline.with(&[EVERYTHING]).start_worker();
    world.place_orders("G", 4);
    let forms = [
        // Delivered.
        signed("G000001", &[]),
        // Refused by the worker: another amount, an order that is not there, a payment of what nobody has paid.
        signed("G000002", &[("total_fee", "9.99")]),
        signed("G000009", &[]),
        signed("G000003", &[("trade_status", "WAIT_BUYER_PAY")]),
        // Refused by the ingress: another seller, a form that is no notification.
        signed("G000003", &[("seller_id", "2088000000000002")]),
        signed("G000003", &[("is_success", "T")]),
        // Meets a database that refuses.
        signed("G000004", &[]),
    ];
    for form in &forms[..4] {
        world.send_body("shop", form.encode().into_bytes()).await;
    }
    for form in &forms[4..6] {
        world.refused("shop", form.encode().into_bytes()).await;
    }
    // A signature that does not hold, an unknown merchant, half a form.
    let body = forms[0].encode();
    world.refused("shop", body.replace("markedtext", "markedtext2").into_bytes()).await;
    world.refused("nobody", body.clone().into_bytes()).await;
    world.refused("shop", body.as_bytes()[..body.len() / 2].to_vec()).await;
    // A browser at the return URL.
    for query in [forms[0].encode(), body.replace("markedtext", "markedtext2")] {
        let page = format!("http://{}/alipay/shop/return?{query}", world.ingress_address());
        http::get(&page).expect("an answer");
    }
    world.expect("G000001", |order| order["is_send_goods"] == true);
    until("a dead letter", || !world.dead_letters().is_empty());
    world.sql("RENAME TABLE trade TO trade_away");
    world.send_body("shop", forms[6].encode().into_bytes()).await;
    worker.wait_for_log("doesn't exist");
    world.sql("RENAME TABLE trade_away TO trade");
    world.expect("G000004", |order| order["is_send_goods"] == true);

    let mut secrets: Vec<String> = forms.iter().map(signature).collect();
    secrets.extend([MD5_KEY, "markedmail", "markedlogon", "markedname"].map(str::to_owned));
    secrets.extend(["markedstreet", "markedtext", "2088777766665555"].map(str::to_owned));
    secrets.push("13977776666".to_owned());
    for (program, log) in [("ingress", world.ingress_log()), ("worker", worker.stderr())] {
        assert!(log.contains("bad_signature") || program == "worker", "{log}");
        assert!(log.contains(" DEBUG ") || log.contains(" TRACE "), "{program} logs little: {log}");
        for secret in &secrets {
            let line = log.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{program} logs {secret}");
        }
    }
}

//! The page that explains a signature.

use crate::browser::Seen;
use crate::world::World;

/// The body of a paid notification, as Alipay sends it, for the order and the total.
fn body(order: &str, total: &str) -> String {
    let message = crate::world::notification(order, "2026112300001", "TRADE_SUCCESS", total);
    queue::Envelope::read(&message.body).unwrap().form
}

fn verify(world: &World, body: &str) -> Seen {
    let token = world.browser.token_in("/verify");
    let fields = [("token", token.as_str()), ("merchant", "shop"), ("body", body)];
    world.browser.post_as("/verify", &crate::browser::form(&fields), &world.browser.own())
}

#[test]
fn a_pasted_notification_is_explained_and_changes_nothing() {
    let world = World::new();
    world.order("A-1");
    let good = body("A-1", "10.00");
    verify(&world, &format!("?{good}\r\n")).shows(
        200,
        &["The signature is valid", "applied", "status placed -&gt; paid", "out_trade_no=A-1"],
    );
    world.browser.get("/orders/A-1").shows(200, &["0 placed"]).hides(&["CODE-"]);
    verify(&world, &body("A-1", "1.00")).shows(200, &["is valid", "dies again", "total_mismatch"]);
    verify(&world, &body("NEW", "10.00")).shows(200, &["is valid", "no order yet"]);

    verify(&world, &good.replace("10.00", "10.01"))
        .shows(200, &["is not valid", "bad_signature", "What was tried"])
        .hides(&["What a worker would do"]);
    verify(&world, "a=1&a=2").shows(200, &["is not valid", "bad_form"]);
    verify(&world, &good.replacen('&', "&\r\n", 1)).shows(200, &["is not valid", "line breaks"]);
    verify(&world, "subject=<礼品>&sign=x").shows(200, &["decoded already"]).hides(&["<礼品"]);

    let log = world.console_log();
    assert!(!log.contains("A-1") && !log.contains("out_trade_no"), "{log}");
    assert!(!world.ops(&["actions", "--output", "json"]).contains("verify"));
}

#[test]
fn what_cannot_be_verified_is_refused() {
    let world = World::new();
    verify(&world, " \r\n").shows(400, &["paste the body"]);
    // As long as the ingress takes it, and a byte more; the browser encodes each of these as three.
    let long = |bytes: usize| "%".repeat(bytes);
    verify(&world, &long(65_536)).shows(200, &["missing_sign"]);
    verify(&world, &long(65_537)).shows(400, &["ingress.max_body", "65536"]);
    let token = world.browser.token_in("/verify");
    let fields = [("token", token.as_str()), ("merchant", "nobody"), ("body", "a=1")];
    let own = world.browser.own();
    let post = |fields: &[(&str, &str)]| {
        world.browser.post_as("/verify", &crate::browser::form(fields), &own)
    };
    post(&fields).shows(400, &["no such merchant"]);
    post(&[("merchant", "shop"), ("body", "a=1")]).shows(403, &["nothing was done"]);
    post(&[("token", &token), ("body", &long(400_000))]).shows(413, &[]);
}

#[test]
fn a_signature_is_explained_without_a_database() {
    let world = World::alone(&[], &[]);
    verify(&world, &body("A-1", "10.00"))
        .shows(200, &["The signature is valid", "The database does not answer"]);
    verify(&world, "a=1&sign=x").shows(200, &["is not valid"]);
}

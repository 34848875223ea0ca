//! The ingress is away, cannot publish, or has the wrong key.

use std::time::Duration;

use alipay::{Form, Md5Key, Rule, Signer};
use serde_json::Value;
use testkit::{Program, Sandbox, http};

use crate::program::{KEY, NOBODY, Ops, SHOP};
use crate::shop::{Shop, codes, ops_of};

const ADMIN: &str = "ALIPAY__INGRESS__ADMIN_LISTEN";

/// An ingress with this key for the merchant `shop`, at this admin endpoint.
struct Ingress {
    program: Program,
    public: String,
    admin: String,
}

impl Ingress {
    fn start(amqp_url: &str, key: &str, admin: &str) -> Ingress {
        let own = [
            ("AMQP_URL", amqp_url),
            ("ALIPAY__INGRESS__LISTEN", "127.0.0.1:0"),
            (ADMIN, admin),
            ("ALIPAY__MERCHANTS__SHOP__MD5_KEY", key),
        ];
        let environment = [&SHOP[..3], &own].concat();
        let mut program = Program::start("ingress", &[], &environment);
        let line = program.wait_until_ready();
        let (public, admin) = (line.value("listen").to_owned(), line.value("admin").to_owned());
        Ingress { program, public, admin }
    }

    /// POSTs a notification that Alipay signed; returns the status.
    fn notify(&self, notify_id: &str) -> u16 {
        let mut form = Form::from_pairs([
            ("notify_type", "trade_status_sync"),
            ("notify_time", "2026-11-23 12:00:05"),
            ("notify_id", notify_id),
            ("out_trade_no", "A-1"),
            ("trade_no", "2026112322001400001"),
            ("trade_status", "WAIT_BUYER_PAY"),
            ("total_fee", "10.00"),
            ("seller_id", "2088000000000001"),
        ]);
        let signer = Signer::Md5(Md5Key::new(KEY));
        signer.sign_form(&mut form, Rule::DropEmpty).unwrap();
        let url = format!("http://{}/alipay/shop/notify", self.public);
        http::post_form(&url, &form.encode()).unwrap().status
    }
}

/// Code, urgency and text of the first finding with this code.
fn seen(status: &Value, code: &str) -> (String, String) {
    let findings = status["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == code);
    let found = found.unwrap_or_else(|| panic!("no {code} in {status:#}"));
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    (text("urgency"), text("seen"))
}

fn knowing(shop: &Shop, ingress: &Ingress) -> Ops {
    ops_of(&shop.sandbox.database_url, &shop.sandbox.amqp_url).set(ADMIN, &ingress.admin)
}

#[test]
fn a_stopped_ingress_a_wrong_key_and_a_missing_broker_are_reported() {
    let shop = Shop::new(Sandbox::new());
    let _worker = shop.worker();
    let amqp_url = shop.sandbox.amqp_url.as_str();
    let mut ingress = Ingress::start(amqp_url, KEY, "127.0.0.1:0");
    let ops = knowing(&shop, &ingress);
    shop.wait_for("a publisher", |_| codes(&ops.json("status")).is_empty());
    assert_eq!(ingress.notify("1"), 200);

    ingress.program.kill();
    ingress.program.wait();
    let (urgency, text) = seen(&ops.json("status"), "ingress_away");
    let expected = format!(
        "nothing answers at {} (ingress.admin_listen): the ingress is down, or runs on another machine",
        ingress.admin
    );
    assert_eq!((urgency.as_str(), text), ("later", expected));
    // Without the setting, the ingress is not queried.
    let unasked = shop.ops.run("status --output json").json();
    assert!(!codes(&unasked).contains(&"ingress_away"), "{unasked:#}");

    let mut wrong = Ingress::start(amqp_url, "another-key", "127.0.0.1:0");
    let ops = knowing(&shop, &wrong);
    for notify_id in ["2", "3"] {
        assert_eq!(wrong.notify(notify_id), 400);
    }
    let (urgency, text) = seen(&ops.status(), "signatures_refused");
    assert_eq!(urgency, "soon");
    assert_eq!(
        text,
        "since its start the ingress accepted 0 and refused 2 notifications of shop: bad_signature 2"
    );

    let cut_off = Ingress::start(NOBODY.1, KEY, "127.0.0.1:0");
    let (urgency, text) = seen(&knowing(&shop, &cut_off).status(), "ingress_not_ready");
    assert_eq!(urgency, "now");
    assert!(text.ends_with("is not ready: broker, work queue"), "{text}");

    // A stopped process answers nothing. The query has a time limit.
    wrong.program.pause();
    let began = std::time::Instant::now();
    seen(&ops.run("status --output json").json(), "ingress_away");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    wrong.program.resume();
}

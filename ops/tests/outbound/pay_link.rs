//! `ops pay-link`

use testkit::http::{self, Response};

use crate::world::World;

/// The page behind an address, or a redirect.
pub(crate) fn get(url: &str) -> Response {
    http::get(url).unwrap()
}

#[test]
fn pay_links_of_both_protocols_open_the_cashier() {
    let world = World::new();
    for (id, merchant) in [("A-1", "shop"), ("B-1", "app")] {
        world.order(id, merchant);
        let urls = "--notify-url http://127.0.0.1:1/notify --return-url http://127.0.0.1:1/return";
        let answer = world.run(&format!("pay-link {id} {urls}")).ended(0, "");
        let link = answer.stdout.trim();
        assert!(link.starts_with(&format!("{}/gateway.do?", world.alipay_url())), "{link}");
        assert!(!answer.stderr.contains("may send no notification"), "{}", answer.stderr);
        let page = get(link);
        let location = page.header("location").unwrap_or_else(|| panic!("refused: {page:?}"));
        let cashier = get(&format!("{}{location}", world.alipay_url())).body;
        assert!(cashier.contains("10.00") && cashier.contains("礼品"), "{cashier}");
        assert_eq!(world.trade(id, merchant)["total"], 1000);

        let page = world.json(&format!("pay-link {id} --form --merchant {merchant}"));
        let form = page["form"].as_str().unwrap();
        assert!(form.contains("<form method=\"post\"") && form.contains(id), "{form}");
        assert_eq!((&page["link"], &page["total_fee"]), (&serde_json::Value::Null, &1000.into()));
    }
    world.run("pay-link A-1 --merchant app").ended(1, "order A-1 is of shop, not of app");
    world.run("pay-link A-1").ended(0, "no --notify-url");
    world
        .run("pay-link A-1 --notify-url http://a.example/n?x=1")
        .ended(2, "notify_url has a query");
    world.run("pay-link A-1 --notify-url a.example").ended(2, "begins with https://");
    world.run("pay-link nothing").ended(1, "there is no order nothing");
}

#[test]
fn a_pay_link_for_a_paid_order_is_refused() {
    let mut world = World::new();
    let _worker = world.paid(&[("A-1", "shop"), ("B-1", "app")]);
    world.run("pay-link A-1").ended(1, "order A-1 is paid");
    world.run("pay-link B-1 --form").ended(1, "order B-1 is paid");
    world.order("B-2", "app");
    world.set("ALIPAY__MERCHANTS__APP__SIGN_TYPES", "RSA");
    let file = world.pipeline.config();
    let config = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, config.replace("private_key_file", "# private_key_file")).unwrap();
    let answer = world.run("pay-link B-2");
    assert_eq!(answer.code, 2, "{}", answer.stderr);
}

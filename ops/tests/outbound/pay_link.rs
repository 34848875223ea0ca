//! `ops pay-link`

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::world::World;

/// The first line of the answer, its `location`, and the rest.
pub(crate) fn get(world: &World, url: &str) -> (String, String) {
    let path = url.strip_prefix(&world.url).unwrap();
    let host = world.url.trim_start_matches("http://");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    exchange(host, &request)
}

/// A POST of a form.
pub(crate) fn post(world: &World, path: &str, form: &str) -> (String, String) {
    let host = world.url.trim_start_matches("http://");
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\n{form}",
        form.len()
    );
    exchange(host, &request)
}

fn exchange(host: &str, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let location = answer
        .lines()
        .find_map(|line| {
            line.to_lowercase().starts_with("location: ").then(|| line[10..].to_owned())
        })
        .unwrap_or_default();
    (answer, location)
}

#[test]
fn pay_links_of_both_protocols_open_the_cashier() {
    let world = World::new();
    for (id, merchant) in [("A-1", "shop"), ("B-1", "app")] {
        world.order(id, merchant);
        let urls = "--notify-url http://127.0.0.1:1/notify --return-url http://127.0.0.1:1/return";
        let answer = world.run(&format!("pay-link {id} {urls}")).ended(0, "");
        let link = answer.stdout.trim();
        assert!(link.starts_with(&format!("{}/gateway.do?", world.url)), "{link}");
        assert!(!answer.stderr.contains("tell nobody"), "{}", answer.stderr);
        let (page, location) = get(&world, link);
        assert!(page.starts_with("HTTP/1.1 30"), "the gateway refuses the link: {page}");
        let (cashier, _) = get(&world, &format!("{}{location}", world.url));
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
    world.set("ALIPAY__MERCHANTS__APP__PRIVATE_KEY_FILE", "");
    let answer = world.run("pay-link B-2");
    assert_eq!(answer.code, 2, "{}", answer.stderr);
}

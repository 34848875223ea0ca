//! The console below a path, where a proxy shows it: `console.base_path`.

use std::collections::BTreeSet;

use crate::users::{PASSWORD, USERS};
use crate::world::{World, dead, notification};

/// What the pages of a console with something in it lead to: links, forms and refreshes.
fn addresses(body: &str) -> BTreeSet<String> {
    let after = |begin: &'static str| {
        let found = body.split(begin).skip(1).filter_map(|rest| rest.split('"').next());
        found.map(|address| address.replace("&amp;", "&")).collect::<Vec<_>>()
    };
    ["href=\"", "action=\"", "content=\"0;url="].into_iter().flat_map(after).collect()
}

#[test]
fn every_address_is_below_the_base_path() {
    let world = World::with_login(&[("users", &USERS), ("base_path", "/intern/alipay/")], &[]);
    world.order("A-1");
    world.order("CLOSED");
    world.publish(vec![
        notification("CLOSED", "T1", "TRADE_CLOSED", "10.00"),
        dead(notification("A-1", "T2", "TRADE_SUCCESS", "10.00"), "A-1", "order_not_found", "x"),
    ]);
    let _worker = world.worker();
    let browser = world.browser.logged_in("ada", PASSWORD);
    testkit::until("a case", || browser.get("/reviews").body.contains("closed_after_payment"));
    let (mut todo, mut seen) = (vec!["/intern/alipay/".to_owned()], BTreeSet::new());
    while let Some(address) = todo.pop() {
        let path = address.strip_prefix("/intern/alipay").expect(&address).to_owned();
        if !path.starts_with('/') {
            panic!("{address} is beside the base path");
        }
        // The pages of different languages are the same ones.
        if path.contains("lang=") || !seen.insert(path.clone()) {
            continue;
        }
        let page = browser.get(&path);
        // 405: there is something that takes a form alone.
        assert!([200, 303, 405].contains(&page.status), "{path}: {page:?}");
        let led = page.header("location").into_iter();
        let found = addresses(&page.body).into_iter().filter(|it| !it.starts_with('?'));
        todo.extend(led.chain(found));
    }
    for page in ["/orders/A%2D1", "/dead-letters?view=flat", "/reviews?view=all", "/actions"] {
        assert!(seen.contains(page), "{page} is not linked: {seen:#?}");
    }
}

#[test]
fn cookies_and_redirects_are_below_the_base_path() {
    let world = World::alone(&[("users", &USERS), ("base_path", "/alipay")], &[]);
    let browser = &world.browser;
    assert_eq!(browser.base, "/alipay");
    let seen = browser.get("/orders?q=1").shows(303, &[]);
    assert_eq!(seen.header("location").unwrap(), "/alipay/login?to=%2forders%3fq%3d1");
    let seen = browser.log_in("ada", PASSWORD);
    assert_eq!(seen.header("location").unwrap(), "/alipay/orders");
    assert!(seen.header("set-cookie").unwrap().contains("path=/alipay/;"), "{seen:?}");
    let seen = browser.get("/login?lang=en");
    assert!(seen.header("set-cookie").unwrap().contains("path=/alipay/;"), "{seen:?}");
    let host = browser.address.to_string();
    let ask = |path: &str| browser.ask("GET", path, &[("Host", &host)], "");
    for path in ["/", "/alipay"] {
        assert_eq!(ask(path).shows(303, &[]).header("location").unwrap(), "/alipay/", "{path}");
    }
    for path in ["/orders", "/alipayx/orders", "//alipay/"] {
        ask(path).shows(404, &["the console is at /alipay/"]).hides(&["User name"]);
    }
}

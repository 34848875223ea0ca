//! Every page in one language: the browser's, or the one that was chosen.

use crate::browser::{Browser, Seen};
use crate::world::{World, notification};

const CHINESE: &str = "zh-CN,zh;q=0.9,en;q=0.8";

fn in_language(browser: &Browser, path: &str, accepted: &str) -> Seen {
    let host = browser.address.to_string();
    browser.ask("GET", path, &[("Host", &host), ("Accept-Language", accepted)], "")
}

fn chinese(text: &str) -> Vec<&str> {
    let is_chinese = |it: char| ('\u{3000}'..='\u{9fff}').contains(&it);
    text.split(|it| !is_chinese(it)).filter(|part| !part.is_empty()).collect()
}

#[test]
fn every_page_is_in_one_language() {
    let world = World::new();
    let browser = &world.browser;
    world.order("B-1");
    world.order("B-2");
    world.publish(vec![
        notification("B-1", "2026112300001", "TRADE_SUCCESS", "10.00"),
        notification("B-2", "2026112300002", "TRADE_SUCCESS", "0.01"),
        notification("NONE", "2026112300003", "TRADE_SUCCESS", "10.00"),
    ]);
    let _worker = world.worker();
    world.wait_for("/orders/B-1", "8 paid");
    world.wait_for("/dead-letters?view=flat", "total_mismatch");
    let letters = browser.get("/dead-letters?view=flat");
    let letter = letters.body.split("href=\"/dead-letters/").nth(1).expect("a letter");
    let letter = format!("/dead-letters/{}", letter.split('"').next().unwrap());
    for path in [
        "/",
        "/orders",
        "/orders/B-1",
        "/orders/B-2",
        "/dead-letters",
        "/dead-letters?view=flat",
        &letter,
        "/reviews",
        "/reviews?view=all",
        "/products",
        "/undelivered",
        "/products/gift",
        "/withdrawals",
        "/subscriptions",
        "/nowhere",
        "/orders?goods=x",
    ] {
        let english = in_language(browser, path, "en-US,en;q=0.9");
        assert!(english.body.contains("<html lang=\"en\">"), "{path}: {}", english.body);
        // The only Chinese is the link to the other language, and text that came from outside.
        let told = english.body.replace(">中文</a>", "").replace("礼品", "");
        assert_eq!(chinese(&told), [""; 0], "{path}: {}", english.body);

        let page = in_language(browser, path, CHINESE);
        assert_eq!(page.status, english.status, "{path}");
        assert!(page.body.contains("<html lang=\"zh-CN\">"), "{path}: {}", page.body);
        for word in ["Status<", "Orders<", "Dead letters<", "Reviews<", "Products<", "Beijing time"]
        {
            assert!(!page.body.contains(word), "{path} holds {word}: {}", page.body);
        }
        assert!(chinese(&page.body).len() > 8, "{path}: {}", page.body);
    }
}

#[test]
fn a_chosen_language_is_kept_and_overrides_the_browser() {
    let world = World::new();
    let browser = &world.browser;
    let chosen = in_language(browser, "/orders?lang=en", CHINESE).shows(200, &["Orders"]);
    let cookie = chosen.header("set-cookie").expect("a cookie");
    assert!(cookie.starts_with("lang=en; path=/;"), "{cookie}");
    let host = browser.address.to_string();
    let kept = [("Host", host.as_str()), ("Accept-Language", CHINESE), ("Cookie", "a=b; lang=en")];
    browser.ask("GET", "/", &kept, "").shows(200, &["Status", "?lang=zh-CN"]);
    // An unknown language changes nothing.
    let other = in_language(browser, "/?lang=x%0d%0aSet-Cookie:%20a=b", CHINESE);
    assert!(other.header("set-cookie").is_none() && other.body.contains("总览"), "{other:?}");
}

//! What operators do, from the login to the end.

use crate::shop::{Shop, log_in, replay_early_letters};

#[test]
fn an_order_is_found_and_its_story_is_read() {
    let shop = Shop::open();
    let Some(chrome) = shop.visitor() else { return };
    // The page that was asked for comes after the login.
    chrome.open("/orders");
    chrome.has_no_fault();
    log_in(&chrome, "vera");
    assert_eq!(chrome.path(), "/orders");
    chrome.fill("input[name=q]", "A-1");
    chrome.enter("input[name=q]");
    chrome.follow("A-1");
    chrome.see("signature valid today");
    chrome.has_no_fault();
    chrome.follow("中文");
    chrome.see("下一步");
    chrome.follow("English");
    chrome.see("signature valid today");
    chrome.click(".logout button");
    chrome.see("User name");
}

#[test]
fn a_group_of_letters_is_tried_and_replayed_by_a_ramp() {
    let shop = Shop::open();
    let Some(chrome) = shop.visited_by("otto") else { return };
    replay_early_letters(&chrome);
    // The first step of the ramp is one letter, the second the other.
    chrome.see("2 letters went back to work");
    chrome.see("sent back 1");
    chrome.has_no_fault();
    chrome.open("/orders/A-3");
    chrome.see("dead letter replayed by otto");
    chrome.follow("Dead letters");
    assert!(!chrome.text().contains("order_not_found"), "{}", chrome.text());
    chrome.see("the orders are there now");
}

#[test]
fn an_order_is_found_by_the_code_that_its_buyer_has() {
    let shop = Shop::open();
    let Some(chrome) = shop.visited_by("otto") else { return };
    chrome.follow("Orders");
    chrome.fill("#find-code input[name=code]", "CODE-1");
    chrome.enter("#find-code input[name=code]");
    chrome.see("Order A-1");
    // An address is kept by browsers and proxies; a code is worth money.
    assert!(!chrome.path().contains("CODE"), "{}", chrome.path());
    chrome.open("/orders");
    chrome.fill("#find-code input[name=code]", "CODE-3");
    chrome.enter("#find-code input[name=code]");
    chrome.see("gift");
    chrome.has_no_fault();
}

#[test]
fn a_review_is_decided() {
    let shop = Shop::open();
    let Some(chrome) = shop.visited_by("otto") else { return };
    chrome.follow("Reviews");
    chrome.click("td a[href*='reviews/']");
    chrome.has_no_fault();
    chrome.click("input[name=decision][value^=paid]");
    chrome.fill("main input[name=note]", "seen in the bank");
    chrome.click("main button.main");
    chrome.see("A worker has applied it");
    chrome.has_no_fault();
    chrome.follow("Reviews");
    chrome.see("Nothing waits for a person");
}

#[test]
fn a_pasted_notification_is_verified() {
    let shop = Shop::open();
    let Some(chrome) = shop.visited_by("vera") else { return };
    chrome.follow("Verify");
    chrome.has_no_fault();
    chrome.fill("textarea", &shop.notification_of("A-2", "10.00"));
    chrome.click("main button.main");
    chrome.see("The signature is valid");
    chrome.see("status placed -> paid");
    chrome.has_no_fault();
    chrome.fill("textarea", &shop.notification_of("A-2", "10.00").replace("10.00", "0.01"));
    chrome.click("main button.main");
    chrome.see("The signature is not valid");
    chrome.has_no_fault();
}

#[test]
fn the_console_works_below_a_path_of_another_site() {
    let shop = Shop::open_with(&[("base_path", "/intern/alipay/")]);
    let Some(chrome) = shop.visitor() else { return };
    chrome.open("/dead-letters");
    log_in(&chrome, "otto");
    assert_eq!(chrome.path(), "/dead-letters");
    chrome.has_no_fault();
    chrome.follow("total_mismatch");
    chrome.click("button[value=dry_run]");
    chrome.see("no letter is ticked");
    chrome.follow("中文");
    chrome.click("header a.name");
    chrome.see("总览");
    assert_eq!(chrome.path(), "/");
    chrome.click(".logout button");
    chrome.see("用户名");
}

#[test]
fn a_viewer_is_offered_nothing_that_acts() {
    let shop = Shop::open();
    let Some(chrome) = shop.visited_by("vera") else { return };
    for page in ["/dead-letters?view=flat", "/reviews"] {
        chrome.open(page);
        let forms: i64 =
            chrome.run("return document.querySelectorAll('main form[method=post] button').length");
        assert_eq!(forms, 0, "{page}");
    }
}

//! Codes are imported and taken out in the console.

use crate::browser::{Browser, Seen, form};
use crate::world::World;

/// Sends a form of a product's page.
fn post(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Seen {
    let token = browser.token_in("/products/gift");
    let fields = [&[("token", token.as_str())], fields].concat();
    browser.post_as(path, &form(&fields), &browser.own())
}

/// The value of a hidden field.
fn hidden(seen: &Seen, name: &str) -> String {
    let (_, rest) = seen.body.split_once(&format!("name=\"{name}\" value=\"")).expect("a field");
    rest.split('"').next().unwrap().to_owned()
}

#[track_caller]
fn available(world: &World, codes: &str) {
    let row = format!("<tr><th>Available</th><td>{codes}</td></tr>");
    world.browser.get("/products/gift").shows(200, &[&row]);
}

const IMPORT: &str = "/products/gift/import";

#[test]
fn codes_are_tried_and_then_imported() {
    let world = World::new();
    let browser = &world.browser;
    browser.get("/products").shows(200, &["href=\"/products/gift\"", "href=\"/withdrawals\""]);
    browser
        .get("/products/gift")
        .shows(200, &["id=\"import-codes\"", "aria-label=\"Codes, one a line\""]);

    let pasted = "CODE-3\r\nNEW'1<i>\r\nNEW'1<i>\r\n\r\nNEW-2\r\n";
    let tried = post(browser, IMPORT, &[("codes", pasted), ("act", "dry_run")]);
    for (name, count) in [("New", 2), ("Already there", 1), ("Repeated lines", 1)] {
        assert!(
            tried.body.contains(&format!("<th>{name}</th><td>{count}</td>")),
            "{name}: {tried:?}"
        );
    }
    let tried =
        tried.shows(200, &["nothing has been written", "Import new codes: 2"]).hides(&["<i>"]);
    available(&world, "3");

    let encoded = hidden(&tried, "encoded");
    let fields = [("encoded", encoded.as_str()), ("invisible", "refuse"), ("act", "import")];
    post(browser, IMPORT, &fields).shows(400, &["say who you are"]);
    available(&world, "3");
    let fields = [&fields[..], &[("by", "wang")]].concat();
    for (imported, all) in [("2", "5"), ("0", "5")] {
        let sent = post(browser, IMPORT, &fields);
        assert_eq!(sent.status, 303, "{sent:?}");
        let done = browser.get(&sent.header("location").unwrap());
        done.shows(200, &[&format!("<b>{imported}</b> codes were imported")]);
        available(&world, all);
    }
    world.ops(&["stock", "find", "NEW'1<i>"]);
    let record = browser.get("/actions?action=import_codes").shows(200, &["wang", "imported: 2"]);
    record.hides(&["NEW"]);
    browser.get("/products/gift?lang=zh-CN").shows(200, &["导入卡密", "取出卡密", "可售"]);
}

#[test]
fn what_looks_odd_or_is_no_text_of_codes_is_not_imported() {
    let world = World::new();
    let browser = &world.browser;
    let odd = "code\nAAAA-1111\nAAAA-2222\n";
    let tried = post(browser, IMPORT, &[("codes", odd), ("act", "dry_run")]);
    let tried = tried.shows(200, &["looks like a heading", "name=\"odd\""]);
    let encoded = hidden(&tried, "encoded");
    let fields = [("encoded", encoded.as_str()), ("act", "import"), ("by", "wang")];
    post(browser, IMPORT, &fields)
        .shows(409, &["nothing was imported", "1 line looks like no code"]);
    available(&world, "3");
    let sent = post(browser, IMPORT, &[&fields[..], &[("odd", "yes")]].concat());
    assert_eq!(sent.status, 303, "{sent:?}");
    available(&world, "6");

    // An invisible character is refused, or goes through the page as it is.
    let invisible = "ZERO\u{200b}WIDTH";
    let try_it = |how| {
        post(browser, IMPORT, &[("codes", invisible), ("invisible", how), ("act", "dry_run")])
    };
    try_it("refuse").shows(400, &["nothing was imported", "line 1"]);
    let encoded = hidden(&try_it("keep"), "encoded");
    let keep = [
        ("encoded", &*encoded),
        ("invisible", "keep"),
        ("act", "import"),
        ("by", "wang"),
        ("odd", "y"),
    ];
    assert_eq!(post(browser, IMPORT, &keep).status, 303);
    world.ops(&["stock", "find", invisible]);

    let long = "x".repeat(512 * 1024 + 1);
    for (codes, status, problem) in [
        ("", 400, "paste the codes first"),
        (" \r\n ", 400, "paste the codes first"),
        ("A\0B", 400, "line 1: holds a zero byte"),
        (long.as_str(), 400, "at most 512 KiB"),
    ] {
        post(browser, IMPORT, &[("codes", codes), ("act", "dry_run")]).shows(status, &[problem]);
    }
    post(browser, IMPORT, &[("codes", "A"), ("act", "x")]).shows(400, &["no such button"]);
    post(browser, IMPORT, &[("codes", "A"), ("invisible", "x")]).shows(400, &["no such option"]);
    post(browser, IMPORT, &[("encoded", "%ff"), ("act", "import")]).shows(400, &["not UTF-8"]);
    let dry = [("codes", "A"), ("act", "dry_run")];
    post(browser, "/products/nothing/import", &dry).shows(404, &["there is no product nothing"]);
    world.subscription("vip", "VIP");
    post(browser, "/products/vip/import", &dry).shows(409, &["no codes"]);
    browser
        .post_as(IMPORT, "codes=A&act=dry_run", &browser.own())
        .shows(403, &["nothing was done"]);
    browser.get("/products/nothing").shows(404, &["there is no such product"]);
    browser.get("/products/%3Cb%3E").shows(404, &[]).hides(&["<b>"]);
}

#[test]
fn codes_are_on_record_before_they_are_shown_and_can_be_put_back() {
    let world = World::new();
    let browser = &world.browser;
    let take = |fields: &[(&str, &str)]| post(browser, "/products/gift/withdraw", fields);
    for count in ["0", "1001", "x", "", "-1"] {
        take(&[("count", count), ("by", "wang"), ("note", "x")]).shows(400, &["1 to 1000"]);
    }
    take(&[("count", "2"), ("by", "wang")]).shows(400, &["say why"]);
    take(&[("count", "2"), ("note", "x")]).shows(400, &["say who you are"]);
    available(&world, "3");

    let taken = take(&[("count", "2"), ("by", "wang"), ("note", "sold in <town>")]);
    assert_eq!((taken.status, taken.header("location").as_deref()), (303, Some("/withdrawals/1")));
    browser.get("/withdrawals/1").shows(200, &["CODE-2\nCODE-3\n", "sold in &lt;town&gt;", "wang"]);
    browser.get("/withdrawals").shows(200, &["href=\"/withdrawals/1\""]).hides(&["CODE-"]);
    browser.get("/withdrawals?product=other").shows(200, &["Nothing was taken out"]);
    browser.get("/products/gift").shows(200, &["href=\"/withdrawals/1\""]);
    available(&world, "1");

    let back = |fields: &[(&str, &str)]| post(browser, "/withdrawals/1", fields);
    back(&[("by", "li")]).shows(400, &["say why"]);
    assert_eq!(back(&[("by", "li"), ("note", "not needed")]).status, 303);
    available(&world, "3");
    browser.get("/withdrawals/1").shows(200, &["not needed"]).hides(&["id=\"put-back\""]);
    back(&[("by", "li"), ("note", "again")]).shows(409, &["was put back"]);
    browser.get("/actions?subject=1").shows(200, &["put codes back", "li"]);

    assert_eq!(take(&[("count", "1000"), ("by", "wang"), ("note", "all")]).status, 303);
    take(&[("count", "1"), ("by", "wang"), ("note", "all")]).shows(409, &["no code is available"]);
    for path in ["/withdrawals/99", "/withdrawals/x", "/withdrawals/-1"] {
        browser.get(path).shows(404, &["there is no such withdrawal"]);
    }
}

//! Every page as it is shown: in both languages, on a desktop and a phone, light and dark.

use std::collections::BTreeSet;

use crate::chrome::Chrome;
use crate::screen::{Scheme, Screen};
use crate::shop::{Shop, log_in};

/// Pages that are always there.
const PAGES: &[&str] = &[
    "/",
    "/orders",
    "/orders?q=nothing",
    "/orders/A-1",
    "/orders/A-2",
    "/orders/CLOSED",
    "/orders/NOWHERE",
    "/dead-letters",
    "/dead-letters?view=flat",
    "/reviews",
    "/reviews?view=all",
    "/products",
    "/withdrawals",
    "/subscriptions",
    "/undelivered",
    "/pauses",
    "/verify",
    "/actions",
    "/nowhere",
];

/// Lists, each with what finds a link to the page of one thing on it.
const LISTS: &[(&str, &str)] = &[
    ("/dead-letters?view=flat", "td.mono a"),
    ("/reviews", "td a[href*='reviews/']"),
    ("/products", "td a[href*='products/']"),
];

/// [`PAGES`], and a page of each list.
fn all_pages(chrome: &Chrome) -> Vec<String> {
    let of_lists = LISTS.iter().map(|(list, link)| {
        chrome.open(list);
        chrome.attribute(link, "href")
    });
    PAGES.iter().map(|page| (*page).to_owned()).chain(of_lists).collect()
}

fn have_no_fault(appearances: &[(Screen, Scheme, &str)]) {
    let shop = Shop::open();
    let Some(chrome) = shop.visitor() else { return };
    let mut found = BTreeSet::new();
    chrome.open("/?lang=en");
    found.extend(chrome.faults());
    log_in(&chrome, "ada");
    let pages = all_pages(&chrome);
    for &(screen, scheme, language) in appearances {
        chrome.on(screen, scheme).open(&format!("/?lang={language}"));
        assert_eq!(chrome.attribute("html", "lang"), language);
        for page in &pages {
            chrome.open(page);
            let about = |fault| format!("{page}, {screen:?}, {scheme:?}, {language}: {fault}");
            found.extend(chrome.faults().into_iter().map(about));
        }
    }
    // All of them at once, since a page takes a second.
    assert!(found.is_empty(), "{}", found.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn pages_have_no_fault_on_a_desktop() {
    have_no_fault(&[
        (Screen::Desktop, Scheme::Light, "en"),
        (Screen::Desktop, Scheme::Dark, "zh-CN"),
    ]);
}

#[test]
fn pages_have_no_fault_on_a_phone() {
    have_no_fault(&[(Screen::Phone, Scheme::Light, "zh-CN"), (Screen::Phone, Scheme::Dark, "en")]);
}

/// What finds faults does find them.
#[test]
fn faults_of_every_kind_are_found() {
    let shop = Shop::open();
    let Some(chrome) = shop.visited_by("vera") else { return };
    let found = |fault: &str| {
        chrome.open("/orders");
        chrome.faults();
        let _: Option<bool> = chrome.run(fault);
        chrome.faults()
    };
    for (fault, is) in [
        ("console.error('an error')", "an error"),
        (
            "document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.1:1/' }))",
            "Content Security Policy",
        ),
        ("document.querySelector('main').style.width = '5000px'", "wider than the window"),
        (
            "['aria-label', 'placeholder', 'title'].forEach(name => \
             document.querySelector('input[type=search]').removeAttribute(name))",
            "label:",
        ),
        ("document.querySelector('h1').style.color = '#ddd'", "color-contrast:"),
    ] {
        let faults = found(fault);
        assert!(faults.iter().any(|one| one.contains(is)), "{is}: {faults:#?}");
    }
}

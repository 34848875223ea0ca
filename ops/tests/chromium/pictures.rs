//! The pictures in the documents: `make screenshots`.

use std::path::Path;

use crate::screen::{Scheme, Screen};
use crate::shop::{Shop, replay_early_letters};

/// The languages, and how the names of their pictures end.
const LANGUAGES: [(&str, &str); 2] = [("en", ""), ("zh-CN", ".zh-CN")];

/// The pages, and how the names of their pictures begin.
const PAGES: [(&str, &str); 2] =
    [("/orders/A-2", "console-order"), ("/dead-letters", "console-dead-letters")];

#[test]
#[ignore = "writes docs/images: make screenshots"]
fn pictures_of_the_documents() {
    let shop = Shop::open();
    let chrome = shop.visited_by("otto").expect("a browser");
    replay_early_letters(&chrome);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/images");
    chrome.on(Screen::Desktop, Scheme::Light);
    for (language, end) in LANGUAGES {
        chrome.open(&format!("/?lang={language}"));
        for (page, begin) in PAGES {
            chrome.open(page);
            std::fs::write(folder.join(format!("{begin}{end}.png")), chrome.picture()).unwrap();
        }
    }
}

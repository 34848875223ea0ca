//! Runs the snippets of `docs/integration.md` against the real pipeline and the simulator: a buyer's way from the order to
//! the code and back, once in each language, with the database account that `shop.sql` makes.
//!
//! `SNIPPETS` says which languages are tried, as in `make test SNIPPETS="php node"`. Where it is not set, those for which
//! everything is installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a failed test panics"
)]

mod account;
mod events;
mod language;
mod street;

use language::Language;
use street::Street;

/// `status`, whether there is a `paid_dtime`, `fulfillment.state`, and what a snippet says of it. Those that the buyer
/// comes to by paying and by the refund are not among them.
const STATES: [(i16, bool, Option<&str>, &str); 8] = [
    (8, true, Some("awaiting_stock"), "paid, goods to come"),
    (8, true, Some("awaiting_manual"), "paid, goods to come"),
    (8, true, None, "paid, goods to come"),
    (4, true, Some("delivered"), "delivered"),
    (106, true, Some("delivered"), "delivered"),
    (32, false, None, "closed"),
    (32, true, Some("delivered"), "being checked"),
    (105, true, Some("cancelled"), "refunded"),
];

#[test]
fn php_places_pays_reads_and_hears() {
    a_buyer_comes(Language::Php);
}

#[test]
fn java_places_pays_reads_and_hears() {
    a_buyer_comes(Language::Java);
}

#[test]
fn node_places_pays_reads_and_hears() {
    a_buyer_comes(Language::Node);
}

fn a_buyer_comes(language: Language) {
    let folder = tempfile::tempdir().unwrap();
    let Some(snippets) = language.prepare(folder.path()) else { return };
    let street = Street::open();
    let mut events = snippets.start("events", &[], &street.environment());
    let run = |name: &str, arguments: &[&str]| snippets.run(name, arguments, &street.environment());

    // Placed: three units at 0.07 yuan.
    let number = run("place_order", &["CARD", "3"]).unwrap();
    assert_eq!(run("order_state", &[&number]).unwrap(), "not paid yet");

    // The link leads to the cashier, which shows what is bought for how much.
    let link = run("pay_link", &[&number]).unwrap();
    let cashier = street.cashier(&link);
    let page = street::get(&cashier);
    for shown in ["¥0.21", "游戏点卡 <1> \"one\"", &number] {
        let shown = shown.replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        assert!(page.contains(&shown), "the cashier does not show {shown}: {page}");
    }

    // Paid: the buyer comes back, the shop hears of it, and shows the codes.
    let back = street::post(&format!("{cashier}/pay"));
    assert!(back.starts_with("http://127.0.0.1:9/thanks?"), "{back}");
    let mut heard = [0; 2].map(|_| events.wait_for_line(""));
    heard.sort();
    assert_eq!(heard, [format!("order.delivered {number}"), format!("order.paid {number}")]);
    assert_eq!(run("order_state", &[&number]).unwrap(), "delivered\n卡-0001\n卡-0002\n卡-0003");
    let again = run("pay_link", &[&number]).unwrap_err();
    assert!(again.contains("this order cannot be paid"), "{again}");

    // The same events once more: nothing is handled a second time. Then the money goes back.
    street.publish_again(&number);
    street.at_alipay("refund", &number, &[]);
    let mut heard = [0; 2].map(|_| events.wait_for_line(""));
    heard.sort();
    assert_eq!(heard, [format!("order.refunded {number}"), format!("order.returned {number}")]);
    assert_eq!(run("order_state", &[&number]).unwrap(), "refunded");

    // An event of a product is no event of an order, and is handled as well.
    street.wait_until_handled("CARD:product.low_stock:");

    // Every state of the documents' table.
    let other = run("place_order", &["CARD", "1"]).unwrap();
    for (status, was_paid, goods, shown) in STATES {
        street.set_state(&other, status, was_paid, goods);
        assert_eq!(run("order_state", &[&other]).unwrap(), shown, "{status} {goods:?}");
    }

    // What is off sale takes no order, and what is over is not paid.
    let refused = run("place_order", &["RARE", "1"]).unwrap_err();
    assert!(refused.contains("RARE is not on sale"), "{refused}");
    let late = run("place_order", &["CARD", "1"]).unwrap();
    street.let_time_pass(&late);
    let refused = run("pay_link", &[&late]).unwrap_err();
    assert!(refused.contains("this order cannot be paid"), "{refused}");
    assert!(run("order_state", &["S-nobody"]).unwrap_err().contains("no such order"));
    assert!(events.is_running());
}

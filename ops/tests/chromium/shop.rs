//! A console with something on every page, and a browser that is logged in.

use testkit::Program;

use crate::chrome::Chrome;
use crate::users::{PASSWORD, USERS};
use crate::world::{World, dead, notification};

/// The console of a shop.
pub(crate) struct Shop {
    pub(crate) world: World,
    _worker: Program,
}

impl Shop {
    /// With an order that was delivered, one that nobody paid, a case for a person, and dead letters of two causes: two
    /// came before their orders, one says another amount.
    pub(crate) fn open() -> Shop {
        Shop::open_with(&[])
    }

    /// The same, with more keys of `[console]`.
    pub(crate) fn open_with(console: &[(&str, &str)]) -> Shop {
        let mut world = World::with_login(&[&[("users", USERS.as_str())], console].concat(), &[]);
        for order in ["A-1", "A-2", "A-3", "CLOSED"] {
            world.order(order);
        }
        let worker = world.worker();
        let paid = |order, trade_no, total| notification(order, trade_no, "TRADE_SUCCESS", total);
        let early = |order, trade_no| {
            dead(
                paid(order, trade_no, "10.00"),
                order,
                "order_not_found",
                "no order after 5 retries",
            )
        };
        world.publish(vec![
            paid("A-1", "2026112300001", "10.00"),
            notification("CLOSED", "2026112300002", "TRADE_CLOSED", "10.00"),
            early("A-2", "2026112300003"),
            early("A-3", "2026112300004"),
            dead(
                paid("A-2", "2026112300005", "0.01"),
                "A-2",
                "total_mismatch",
                "0.01 was paid, the order's total is 10.00",
            ),
        ]);
        world.browser = world.browser.logged_in("otto", PASSWORD);
        world.wait_for("/orders/A-1", "CODE-1");
        world.wait_for("/reviews", "closed_after_payment");
        Shop { world, _worker: worker }
    }

    /// The body of a notification that the order was paid.
    pub(crate) fn notification_of(&self, order: &str, total: &str) -> String {
        let message = notification(order, "2026112300009", "TRADE_SUCCESS", total);
        queue::Envelope::read(&message.body).unwrap().form
    }

    /// A browser at its login page; `None` where there is no browser.
    pub(crate) fn visitor(&self) -> Option<Chrome> {
        let browser = &self.world.browser;
        Chrome::start(format!("http://{}{}", browser.address, browser.base))
    }

    /// A browser of this user.
    pub(crate) fn visited_by(&self, user: &str) -> Option<Chrome> {
        let chrome = self.visitor()?;
        chrome.open("/");
        log_in(&chrome, user);
        Some(chrome)
    }
}

/// Tries the letters that came before their orders, and replays them by a ramp.
pub(crate) fn replay_early_letters(chrome: &Chrome) {
    chrome.open("/dead-letters");
    chrome.follow("order_not_found");
    chrome.see("All that match: 2");
    chrome.click("input[name=which][value=all]");
    chrome.click("button[value=dry_run]");
    chrome.see("Nothing was changed");
    chrome.see("status placed -> paid");
    chrome.has_no_fault();
    chrome.fill("main input[name=note]", "the orders are there now");
    chrome.click("button[value=replay]");
    chrome.see("letters went back to work");
}

/// Types name and password on the login page.
pub(crate) fn log_in(chrome: &Chrome, user: &str) {
    chrome.fill("input[name=user]", user);
    chrome.fill("input[name=password]", PASSWORD);
    chrome.click("main button.main");
    chrome.see("Log out");
}

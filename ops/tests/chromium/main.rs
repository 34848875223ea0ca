//! `ops console` in a real browser: Chromium without a window, driven by WebDriver, and judged by axe-core.
//!
//! `scripts/install-services` installs the browser and `scripts/fetch-axe` fetches axe-core where `BROWSER_TESTS` is set, as
//! `make test` does. Where they are missing these tests say so and try nothing; with `BROWSER_TESTS=yes` they fail instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]
#![allow(clippy::print_stderr, reason = "a test says why it tried nothing")]

mod axe;
#[path = "../console/browser.rs"]
#[allow(dead_code, reason = "shared with the tests of the console's HTTP")]
mod browser;
mod chrome;
mod flows;
mod pages;
mod pictures;
#[path = "../ops/program.rs"]
#[allow(dead_code, reason = "shared with the tests of the verbs")]
mod program;
mod screen;
mod shop;
#[path = "../console/users.rs"]
#[allow(dead_code, reason = "shared with the tests of the console's HTTP")]
mod users;
#[path = "../console/world.rs"]
#[allow(dead_code, reason = "shared with the tests of the console's HTTP")]
mod world;

//! A buyer's way through the shop, on the real pipeline: buy, pay at the simulator's cashier, see
//! the code appear, get the money back; or let the time to pay run out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::{Connection, RunQueryDsl, sql_query};
use diesel_async::AsyncMysqlConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use testkit::http::{self, Response};
use testkit::{Program, TestApp};

/// The page asks again after 25 s even when it has heard nothing.
const WITHOUT_NEWS: Duration = Duration::from_secs(24);

/// What the page of an order shows before anything has happened.
const SEEN_UNPAID: &str = "/news/0--0";

const CONFIG: &str = r#"
[ingress]
listen = "127.0.0.1:0"
[events]
enabled = true
[merchants.shop]
protocol = "mapi"
seller_id = "2088000000000001"
sign_types = ["MD5"]
md5_key = "examples0key"
"#;

/// The pipeline, the simulator as Alipay, and the shop.
struct Street {
    /// The shop's pages, without a slash at the end.
    url: String,
    // Before what it uses.
    _shop: Program,
    app: TestApp,
}

impl Street {
    fn open(pay_within: &str) -> Street {
        let app = TestApp::builder(CONFIG).with_codes(1).with_ingress(&[]).with_gateway();
        let app = app.with_workers(1);
        let (notify, gateway) = (app.notify_url("shop"), app.gateway());
        let options = [
            ["--product", "CODE"],
            ["--listen", "127.0.0.1:0"],
            ["--notify-url", &notify],
            ["--gateway", &gateway],
            ["--pay-within", pay_within],
        ];
        let keys = [("ALIPAY_PARTNER", "2088000000000001"), ("ALIPAY_MD5_KEY", "examples0key")];
        let environment = [&app.sandbox.environment()[..], &keys].concat();
        let mut shop = Program::start("shop", options.as_flattened(), &environment);
        let line = shop.wait_until_ready().to_string();
        let url = line.split_once("shop ready ").unwrap().1.trim_end_matches('/').to_owned();
        Street { url, _shop: shop, app }
    }

    /// Buys; returns the path of the order's page and the link to Alipay.
    fn buy(&self) -> (String, String) {
        let order = post(&format!("{}/buy", self.url));
        let page = get(&format!("{}{order}", self.url));
        let link =
            page.split_once("class=\"button\" href=\"").unwrap().1.split_once('"').unwrap().0;
        (order, link.replace("&amp;", "&"))
    }

    /// Opens the link, as the browser does; returns the cashier's address.
    fn cashier(&self, link: &str) -> String {
        format!("{}{}", self.app.alipay_url(), location(&http::get(link).unwrap()))
    }
}

#[test]
fn a_buyer_pays_and_gets_the_code() {
    let street = Street::open("30");
    let url = &street.url;
    let front = get(&format!("{url}/"));
    assert!(front.contains("¥10.00") && front.contains("Buy"), "{front}");
    let (order, link) = street.buy();
    let number = order.strip_prefix("/orders/").unwrap().to_owned();

    // The cashier, as the browser comes to it; then back at the shop, with the goods.
    assert!(link.contains("&it_b_pay=29m&"), "{link}");
    let cashier = street.cashier(&link);
    let waiting = wait_for_news(format!("{url}{order}{SEEN_UNPAID}"));
    // Back before the notification: checked, and not asked to pay again; with scripts and without.
    let early = get(&format!("{url}{order}/back"));
    assert!(
        early.contains("we are checking your payment") && !early.contains("gateway.do"),
        "{early}"
    );
    assert!(early.contains(&format!("data-news=\"{order}{SEEN_UNPAID}\"")), "{early}");
    assert!(early.contains("<noscript><meta http-equiv=\"refresh\""), "{early}");
    let back = post(&format!("{cashier}/pay"));
    assert!(back.starts_with(&format!("{url}{order}/back?")), "{back}");
    assert!(waiting.join().unwrap() < WITHOUT_NEWS, "the shop did not hear of the payment");
    let shown = reloaded(&format!("{url}{order}"), &format!("{url}{order}{SEEN_UNPAID}"), "C00001");
    assert!(!shown.contains("gateway.do"), "{shown}");
    // Who comes back later is led to the order, and the address is without Alipay's parameters.
    assert_eq!(location(&http::get(&back).unwrap()), order);

    // The money goes back, and the goods with it.
    let waiting = wait_for_news(format!("{url}{order}/news/8-delivered-1"));
    street.app.at_alipay("refund", "shop", &number, &[]);
    assert!(waiting.join().unwrap() < WITHOUT_NEWS, "the shop did not hear of the refund");
    let page =
        reloaded(&format!("{url}{order}"), &format!("{url}{order}/news/8-delivered-1"), "Refunded");
    assert!(!page.contains("C00001"), "{page}");

    // A number that nobody has is no order, and no path leads out of the shop's pages.
    for nothing in ["orders/S1", "buy"] {
        assert_eq!(http::get(&format!("{url}/{nothing}")).unwrap().status, 404);
    }
}

#[test]
fn an_order_that_nobody_pays_is_closed_at_both_ends() {
    let street = Street::open("2");
    let url = &street.url;
    let (order, link) = street.buy();
    assert!(link.contains("&it_b_pay=1m&"), "{link}");
    let cashier = street.cashier(&link);
    assert!(get(&cashier).contains("/pay\""), "it can be paid");
    let waiting = wait_for_news(format!("{url}{order}{SEEN_UNPAID}"));
    // Two minutes later: this test does not wait for them.
    let database = &street.app.sandbox.database_url;
    let mut database = AsyncConnectionWrapper::<AsyncMysqlConnection>::establish(database).unwrap();
    let soon = "UPDATE user_order SET expires_at = UTC_TIMESTAMP(6) + INTERVAL 1 SECOND";
    assert_eq!(sql_query(soon).execute(&mut database).unwrap(), 1);
    assert!(get(&format!("{url}{order}")).contains("The time to pay is over"));
    assert!(waiting.join().unwrap() < WITHOUT_NEWS, "the shop did not hear of the close");
    let page = reloaded(&format!("{url}{order}"), &format!("{url}{order}{SEEN_UNPAID}"), "Closed");
    assert!(!page.contains("<a "), "{page}");
    // By the pipeline, and not because the minute of the link is over.
    let page = get(&cashier);
    assert!(page.contains("The trade is closed"), "{page}");
    assert_eq!(http::post_form(&format!("{cashier}/pay"), "").unwrap().status, 409);
}

#[test]
fn pages_are_in_the_buyers_language_and_load_nothing_of_others() {
    let street = Street::open("30");
    let url = &street.url;
    let (order, _) = street.buy();
    let accept = [("Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")];
    let chinese = http::request("GET", &format!("{url}{order}"), &accept, "").unwrap().body;
    assert!(
        chinese.contains("<html lang=\"zh-CN\">") && chinese.contains("用支付宝付款"),
        "{chinese}"
    );
    assert!(!chinese.contains("Pay with"), "one language at a time: {chinese}");
    let english = get(&format!("{url}{order}"));
    assert!(
        english.contains("<html lang=\"en\">") && english.contains("Pay with Alipay"),
        "{english}"
    );
    for path in ["/", &order, &format!("{order}/back"), "/nowhere", "/shop.css", "/shop.js"] {
        let Response { head, body, .. } = http::get(&format!("{url}{path}")).unwrap();
        assert!(head.contains("content-security-policy: default-src 'none';"), "{path}: {head}");
        assert!(head.contains("x-content-type-options: nosniff"), "{path}: {head}");
        assert!(
            !body.contains("<style") && !body.contains("<script>") && !body.contains("style="),
            "{path}: {body}"
        );
        if body.starts_with("<!DOCTYPE html>") {
            assert!(
                body.contains(
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                ),
                "{path}"
            );
        }
    }
}

/// Asks for news before anything happens, as the open page does; how long the answer took.
fn wait_for_news(url: String) -> JoinHandle<Duration> {
    std::thread::spawn(move || {
        let since = Instant::now();
        get(&url);
        since.elapsed()
    })
}

/// The page as soon as it shows a text. An earlier event of the order may have come first: then the
/// page looks as before, and waits for news again.
fn reloaded(page: &str, news: &str, shows: &str) -> String {
    for _ in 0..5 {
        let text = get(page);
        if text.contains(shows) {
            return text;
        }
        let took = wait_for_news(news.to_owned()).join().unwrap();
        assert!(took < WITHOUT_NEWS, "no news, and still: {text}");
    }
    panic!("{page} never shows {shows}: {}", get(page));
}

/// The page behind an address.
fn get(url: &str) -> String {
    let answer = http::get(url).unwrap();
    assert_eq!(answer.status, 200, "{url}: {answer:?}");
    answer.body
}

/// Where a POST leads to.
fn post(url: &str) -> String {
    location(&http::post_form(url, "").unwrap())
}

fn location(answer: &Response) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    answer.header("location").expect("a location").to_owned()
}

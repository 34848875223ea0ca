//! A buyer's way through the shop, on the real pipeline: buy, pay at the simulator's cashier, see
//! the code appear, get the money back; or let the time to pay run out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::{Connection, RunQueryDsl, sql_query};
use diesel_async::AsyncMysqlConnection;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use testkit::{Pipeline, Program, Sandbox, run_program};

const LONG: Duration = Duration::from_secs(30);

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
    pipeline: Pipeline,
    /// The ingress, for notifications of the shop.
    notify: String,
    /// The simulator's gateway.
    gateway: String,
    /// The shop's pages, without a slash at the end.
    url: String,
    // Stopped in this order; then the files go.
    _programs: Vec<Program>,
    _folder: tempfile::TempDir,
}

impl Street {
    fn open(sandbox: &Sandbox, pay_within: &str) -> Street {
        let environment = sandbox.environment();
        let folder = tempfile::tempdir().unwrap();
        let pipeline = Pipeline::new(folder.path(), CONFIG, &environment).unwrap();
        pipeline.prepare(&["CODE-0001".to_owned()]).unwrap();
        let (ingress, address) = pipeline.start_ingress().unwrap();
        let config = pipeline.config().display().to_string();
        let notify = format!("http://{address}/alipay/shop/notify");

        let to_ingress = format!("http://{address}");
        let serve = ["serve", "--config", &config, "--ingress", &to_ingress];
        let mut simulator = Program::start("simulator", &serve, &environment);
        let line = simulator.wait_for_line("simulator ready", LONG);
        let gateway = line.split_once("gateway=").unwrap().1.to_owned();
        // Now that it listens: the worker finds it.
        std::fs::write(pipeline.config(), format!("{CONFIG}gateway = \"{gateway}\"\n")).unwrap();
        let (worker, _) = pipeline.start("worker");

        let options = [
            ["--product", "CODE"],
            ["--listen", "127.0.0.1:0"],
            ["--notify-url", &notify],
            ["--gateway", &gateway],
            ["--pay-within", pay_within],
        ];
        let keys = [("ALIPAY_PARTNER", "2088000000000001"), ("ALIPAY_MD5_KEY", "examples0key")];
        let environment = [&environment[..], &keys].concat();
        let mut shop = Program::start("shop", options.as_flattened(), &environment);
        let line = shop.wait_for_line("shop ready", LONG);
        let url = line.split_once("shop ready ").unwrap().1.trim_end_matches('/').to_owned();
        let programs = vec![shop, worker, simulator, ingress];
        Street { pipeline, notify, gateway, url, _programs: programs, _folder: folder }
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
        let origin = self.gateway.strip_suffix("/gateway.do").unwrap();
        format!("{origin}{}", location(&send("GET", link)))
    }
}

#[test]
fn a_buyer_pays_and_gets_the_code() {
    let sandbox = Sandbox::new();
    let street = Street::open(&sandbox, "30");
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
    let shown =
        reloaded(&format!("{url}{order}"), &format!("{url}{order}{SEEN_UNPAID}"), "CODE-0001");
    assert!(!shown.contains("gateway.do"), "{shown}");
    // Who comes back later is led to the order, and the address is without Alipay's parameters.
    assert_eq!(location(&send("GET", &back)), order);

    // The money goes back, and the goods with it.
    let config = street.pipeline.config().display().to_string();
    let refund = ["refund", "--config", &config, "--order", &number, "--to", &street.notify];
    let waiting = wait_for_news(format!("{url}{order}/news/8-delivered-1"));
    let refund = run_program("simulator", &refund, &sandbox.environment());
    assert!(refund.status.success(), "{refund:?}");
    assert!(waiting.join().unwrap() < WITHOUT_NEWS, "the shop did not hear of the refund");
    let page =
        reloaded(&format!("{url}{order}"), &format!("{url}{order}/news/8-delivered-1"), "Refunded");
    assert!(!page.contains("CODE-0001"), "{page}");

    // A number that nobody has is no order, and no path leads out of the shop's pages.
    assert!(send("GET", &format!("{url}/orders/S1")).starts_with("HTTP/1.1 404"));
    assert!(send("GET", &format!("{url}/buy")).starts_with("HTTP/1.1 404"));
}

#[test]
fn an_order_that_nobody_pays_is_closed_at_both_ends() {
    let sandbox = Sandbox::new();
    let street = Street::open(&sandbox, "2");
    let url = &street.url;
    let (order, link) = street.buy();
    assert!(link.contains("&it_b_pay=1m&"), "{link}");
    let cashier = street.cashier(&link);
    assert!(get(&cashier).contains("/pay\""), "it can be paid");
    let waiting = wait_for_news(format!("{url}{order}{SEEN_UNPAID}"));
    // Two minutes later: this test does not wait for them.
    let environment = sandbox.environment();
    let (_, database) = environment.iter().find(|(name, _)| *name == "DATABASE_URL").unwrap();
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
    assert!(send("POST", &format!("{cashier}/pay")).starts_with("HTTP/1.1 409"));
}

#[test]
fn pages_are_in_the_buyers_language_and_load_nothing_of_others() {
    let sandbox = Sandbox::new();
    let street = Street::open(&sandbox, "30");
    let url = &street.url;
    let (order, _) = street.buy();
    let chinese =
        send_with("GET", &format!("{url}{order}"), "accept-language: zh-CN,zh;q=0.9,en;q=0.8\r\n");
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
        let answer = send("GET", &format!("{url}{path}"));
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
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
    let answer = send("GET", url);
    assert!(answer.starts_with("HTTP/1.1 200"), "{url}: {answer}");
    answer
}

/// Where a POST leads to.
fn post(url: &str) -> String {
    location(&send("POST", url))
}

fn location(answer: &str) -> String {
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    let line = answer.lines().find_map(|line| line.strip_prefix("location: "));
    line.expect("a location").to_owned()
}

/// One request, answered until the end of the connection.
fn send(method: &str, url: &str) -> String {
    send_with(method, url, "")
}

/// The same with more header lines.
fn send_with(method: &str, url: &str, headers: &str) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n{headers}\
         content-type: application/x-www-form-urlencoded\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

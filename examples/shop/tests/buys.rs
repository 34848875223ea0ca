//! A buyer's way through the shop, on the real pipeline: buy, pay at the simulator's cashier, see
//! the code appear, get the money back.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test panics")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use testkit::{Pipeline, Program, Sandbox, run_program};

const LONG: Duration = Duration::from_secs(30);

/// The page asks again after 25 s even when it has heard nothing.
const WITHOUT_NEWS: Duration = Duration::from_secs(24);

const CONFIG: &str = r#"
[ingress]
listen = "127.0.0.1:0"
[worker]
queries = false
[events]
enabled = true
[merchants.shop]
protocol = "mapi"
seller_id = "2088000000000001"
sign_types = ["MD5"]
md5_key = "examples0key"
"#;

#[test]
fn a_buyer_pays_and_gets_the_code() {
    let sandbox = Sandbox::new();
    let environment = sandbox.environment();
    let folder = tempfile::tempdir().unwrap();
    let pipeline = Pipeline::new(folder.path(), CONFIG, &environment).unwrap();
    pipeline.prepare(&["CODE-0001".to_owned()]).unwrap();
    let (_ingress, ingress) = pipeline.start_ingress().unwrap();
    let (_worker, _) = pipeline.start("worker");
    let config = pipeline.config().display().to_string();
    let notify = format!("http://{ingress}/alipay/shop/notify");

    let to_ingress = format!("http://{ingress}");
    let serve = ["serve", "--config", &config, "--ingress", &to_ingress];
    let mut simulator = Program::start("simulator", &serve, &environment);
    let line = simulator.wait_for_line("simulator ready", LONG);
    let gateway = line.split_once("gateway=").unwrap().1.to_owned();

    let options = [
        ["--product", "CODE"],
        ["--listen", "127.0.0.1:0"],
        ["--notify-url", &notify],
        ["--gateway", &gateway],
    ];
    let keys = [("ALIPAY_PARTNER", "2088000000000001"), ("ALIPAY_MD5_KEY", "examples0key")];
    let mut shop =
        Program::start("shop", options.as_flattened(), &[&environment[..], &keys].concat());
    let line = shop.wait_for_line("shop ready", LONG);
    let url = line.split_once("shop ready ").unwrap().1.trim_end_matches('/').to_owned();

    assert!(get(&format!("{url}/")).contains("¥10.00"));
    let order = post(&format!("{url}/buy"));
    let number = order.strip_prefix("/orders/").unwrap().to_owned();
    let page = get(&format!("{url}{order}"));
    let link = page.split_once("href=\"").unwrap().1.split_once('"').unwrap().0;
    let link = link.replace("&amp;", "&");

    // The cashier, as the browser comes to it; then back at the shop, with the goods.
    let cashier = location(&send("GET", &link));
    let origin = gateway.strip_suffix("/gateway.do").unwrap();
    let waiting = wait_for_news(format!("{url}{order}/news/0-"));
    let back = post(&format!("{origin}{cashier}/pay"));
    assert!(back.starts_with(&format!("{url}{order}?")), "{back}");
    assert!(waiting.join().unwrap() < WITHOUT_NEWS, "the shop did not hear of the payment");
    assert!(get(&back).contains("CODE-0001"), "{}", get(&back));

    // The money goes back, and the goods with it.
    let refund = ["refund", "--config", &config, "--order", &number, "--to", &notify];
    let waiting = wait_for_news(format!("{url}{order}/news/8-delivered"));
    let refund = run_program("simulator", &refund, &environment);
    assert!(refund.status.success(), "{refund:?}");
    assert!(waiting.join().unwrap() < WITHOUT_NEWS, "the shop did not hear of the refund");
    let page = get(&back);
    assert!(page.contains("Refunded") && !page.contains("CODE-0001"), "{page}");

    // A number that nobody has is no order, and no path leads out of the shop's pages.
    assert!(send("GET", &format!("{url}/orders/S1")).starts_with("HTTP/1.1 404"));
    assert!(send("GET", &format!("{url}/buy")).starts_with("HTTP/1.1 404"));
}

/// Asks for news before anything happens, as the open page does; how long the answer took.
fn wait_for_news(url: String) -> JoinHandle<Duration> {
    std::thread::spawn(move || {
        let since = Instant::now();
        get(&url);
        since.elapsed()
    })
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
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    write!(
        stream,
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: 0\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

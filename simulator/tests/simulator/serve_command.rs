//! `simulator serve` and the verbs beside it, as programs.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use alipay::{
    Charset, Md5Key, Protocol, QueryAnswer, SignType, Signer, TradeQuery, TradeRef, Verifier, link,
};

use crate::merchants::MD5_KEY;

const SELLER: &str = "2088101568338364";

struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // Gone already, or ended now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn configure(folder: &Path) {
    let text = format!(
        "[ingress]\nlisten = \"127.0.0.1:0\"\n[merchants.old]\nprotocol = \"mapi\"\n\
         seller_id = \"{SELLER}\"\nsign_types = [\"MD5\"]\nmd5_key = \"{MD5_KEY}\"\n"
    );
    std::fs::write(folder.join("alipay.toml"), text).unwrap();
}

fn simulator(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulator"));
    command.env_remove("ALIPAY_CONFIG").env_remove("SIMULATOR_PRIVATE_KEY");
    command.arg("--config").arg(folder.join("alipay.toml"));
    command
}

fn run(folder: &Path, words: &str) -> Output {
    simulator(folder).args(words.split_whitespace()).output().unwrap()
}

/// The body of an answer to a GET.
fn get(url: &str) -> String {
    let (address, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split_once("\r\n\r\n").unwrap().1.to_owned()
}

#[test]
fn a_payment_without_notification_can_be_queried() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path());
    let child = simulator(folder.path()).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut serving = Serving(child);
    let mut line = String::new();
    BufReader::new(serving.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    let &["simulator", "ready", url, gateway] = words.as_slice() else { panic!("{line}") };
    let gateway = gateway.strip_prefix("gateway=").unwrap();
    assert_eq!(gateway, format!("{}/gateway.do", url.strip_prefix("url=").unwrap()));

    let key = || Md5Key::new(MD5_KEY);
    let form =
        TradeQuery::mapi(SELLER, TradeRef::OutTradeNo("A1"), Charset::Utf8, &Signer::Md5(key()));
    let query = link(gateway, &form.unwrap());
    let verifier = Verifier::new(Protocol::Mapi, vec![SignType::Md5], vec![key()], vec![]).unwrap();
    let ask = || {
        QueryAnswer::read(
            get(&query).as_bytes(),
            Protocol::Mapi,
            Charset::Utf8,
            &verifier,
            chrono::Utc::now(),
        )
        .unwrap()
    };
    assert_eq!(ask(), QueryAnswer::NotExist);
    // Needs no address: nothing is sent.
    let paid = run(folder.path(), "pay --order A1 --total 10.00 --drop");
    assert_eq!(paid.status.code(), Some(0), "{paid:?}");
    let text = String::from_utf8(paid.stdout).unwrap();
    assert!(text.starts_with("pay order=A1 ") && text.trim_end().ends_with(" dropped"), "{text}");
    let QueryAnswer::Trade(trade) = ask() else { panic!("no trade") };
    assert_eq!(trade.trade_status, alipay::TradeStatus::TradeSuccess);
}

#[test]
fn a_key_that_may_be_real_needs_an_option() {
    let folder = tempfile::tempdir().unwrap();
    let configure = |gateway: &str| {
        let text = format!(
            "[ingress]\nlisten = \"127.0.0.1:0\"\n[merchants.old]\nprotocol = \"mapi\"\n\
             seller_id = \"{SELLER}\"\nsign_types = [\"MD5\"]\n\
             md5_key = \"k3x0q9v7b2m4n8c1z6l5j0h7g9f3d2s4\"\n{gateway}"
        );
        std::fs::write(folder.path().join("alipay.toml"), text).unwrap();
    };
    let verbs = ["serve", "pay --order A1 --total 10.00 --drop", "storm --prefix A --count 1"];
    for gateway in ["", "gateway = \"https://mapi.alipay.com/gateway.do\"\n"] {
        configure(gateway);
        for words in verbs {
            let output = run(
                folder.path(),
                &format!("{words} --to http://127.0.0.1:1/")
                    .replace("serve --to http://127.0.0.1:1/", "serve"),
            );
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{words}: {said}");
            assert!(
                said.contains("merchants.old.md5_key") && said.contains("--allow-real-keys"),
                "{said}"
            );
            assert!(!said.contains("k3x0q9v7"), "{said}");
        }
    }
    let paid = run(folder.path(), "pay --order A1 --total 10.00 --drop --allow-real-keys");
    assert_eq!(paid.status.code(), Some(0), "{paid:?}");
    configure("gateway = \"http://127.0.0.1:1/gateway.do\"\n");
    let paid = run(folder.path(), "pay --order A2 --total 10.00 --drop");
    assert_eq!(paid.status.code(), Some(0), "{paid:?}");
}

#[test]
fn another_site_cannot_pay_in_somebodys_browser() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path());
    let paid = run(folder.path(), "wait --order A1 --total 10.00 --drop --output json");
    let trade: serde_json::Value = serde_json::from_slice(&paid.stdout).unwrap();
    let trade_no = trade["trade_no"].as_str().unwrap();
    let child = simulator(folder.path()).arg("serve").stdout(Stdio::piped()).spawn().unwrap();
    let mut serving = Serving(child);
    let mut line = String::new();
    BufReader::new(serving.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.split_whitespace().find_map(|word| word.strip_prefix("url=http://")).unwrap();
    let ask = |method: &str, path: &str, headers: &str| {
        let mut stream = std::net::TcpStream::connect(url).unwrap();
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{headers}content-length: 0\r\nconnection: close\r\n\r\n"
        );
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status: u16 = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.to_lowercase())
    };
    let (host, pay) = (format!("host: {url}\r\n"), format!("/cashier/{trade_no}/pay"));
    assert_eq!(ask("GET", "/", "host: evil.example\r\n").0, 421);
    assert_eq!(ask("GET", "/gateway.do", "host: evil.example\r\n").0, 200);
    for foreign in [
        "origin: http://evil.example\r\n".to_owned(),
        format!("origin: https://{url}\r\n"),
        "origin: null\r\n".to_owned(),
        "sec-fetch-site: cross-site\r\n".to_owned(),
        format!("sec-fetch-site: cross-site\r\norigin: http://{url}\r\n"),
    ] {
        assert_eq!(ask("POST", &pay, &format!("{host}{foreign}")).0, 403, "{foreign}");
    }
    let (status, page) = ask("GET", &format!("/cashier/{trade_no}"), &host);
    assert_eq!(status, 200);
    // With "no-referrer" a browser sends `Origin: null` with the page's own form.
    assert!(page.contains("referrer-policy: same-origin"), "{page}");
    let own = format!("{host}origin: http://{url}\r\nsec-fetch-site: same-origin\r\n");
    assert_eq!(ask("POST", &pay, &own).0, 200);
}

#[test]
fn invalid_serve_options_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path());
    for words in [
        "serve --merchant nobody",
        "serve --listen 127.0.0.1",
        "serve --gateway-delay soon",
        "serve --gateway-fail 101%",
        "serve --fault earthquake=1%",
        "serve --fault drop",
        "serve --speed 0",
        "serve --demand-exter-invoke-ip nobody",
        "serve --alipay-certificate alipay.toml",
        "serve --ca alipay.toml",
        "certificates --dir certs --days 4000",
        "pay --order A1 --total 10.00 --to ftp://127.0.0.1/",
        "pay --order A1 --total 10.00 --to http://127.0.0.1:1/ --ca alipay.toml",
        "storm --prefix A --gbk 1 --to http://127.0.0.1:1/",
        "pay --order A1 --total 10.00 --delay 2d --drop",
    ] {
        let output = run(folder.path(), words);
        assert_eq!(output.status.code(), Some(2), "{words}: {output:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words}: {output:?}");
    }
    std::fs::write(folder.path().join("simulator-trades.json"), "no trades").unwrap();
    assert_eq!(run(folder.path(), "serve").status.code(), Some(2));
}

/// What came over a connection until it ended or a second was silent, with the time it took.
fn listen(listener: &TcpListener) -> (String, Duration) {
    let (mut stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let begun = Instant::now();
    let (mut all, mut part, mut last) = (Vec::new(), [0; 4096], Duration::ZERO);
    while let Ok(length @ 1..) = stream.read(&mut part) {
        all.extend_from_slice(&part[..length]);
        last = begun.elapsed();
    }
    (String::from_utf8(all).unwrap(), last)
}

#[test]
fn slow_and_partial_requests_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    configure(folder.path());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/", listener.local_addr().unwrap());
    let send = |fault: &str| {
        let words = format!("pay --order A1 --total 10.00 --to {to} --timeout 5 {fault}");
        std::thread::scope(|scope| {
            let begun = Instant::now();
            let program = scope.spawn(|| run(folder.path(), &words));
            let (text, took) = listen(&listener);
            let waited = begun.elapsed();
            let output = program.join().unwrap();
            assert_ne!(output.status.code(), Some(0), "nobody answered: {output:?}");
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let announced = head.to_ascii_lowercase();
            let announced = announced.split("content-length: ").nth(1).unwrap();
            let announced: usize = announced.lines().next().unwrap().parse().unwrap();
            (announced, body.len(), took, waited)
        })
    };
    let (announced, whole, ..) = send("");
    assert_eq!(whole, announced);
    let (announced, slow, took, _) = send("--slow-body");
    assert_eq!(slow, announced);
    assert!(took > Duration::from_secs(1), "{took:?}");
    let (announced, half, ..) = send("--half-body");
    assert_eq!(half, announced / 2);
    let (.., waited) = send("--delay 1500ms");
    assert!(waited > Duration::from_millis(1500), "{waited:?}");
}

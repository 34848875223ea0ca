//! The charts of the overview: what a stand-in of an ingress reports, and what a worker writes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use testkit::until;

use crate::browser::Browser;
use crate::world::{World, notification};

const CHARTS: [&str; 8] =
    ["received", "delivered", "refused", "retries", "dead-letters", "p50", "p99", "backlog"];

/// A program that reports notifications; it answers until it has reported `u64::MAX`.
fn reports(answered: &Arc<AtomicU64>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, answered) = (listener.local_addr().unwrap(), Arc::clone(answered));
    thread::spawn(move || {
        for stream in listener.incoming() {
            let count = answered.load(Ordering::SeqCst);
            if count == u64::MAX {
                return;
            }
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let metrics = format!(
                "alipay_ingress_requests_total{{merchant=\"shop\",outcome=\"success\",reason=\"\"}} {count}\n\
                 alipay_ingress_requests_total{{merchant=\"shop\",outcome=\"fail\",reason=\"no_body\"}} {}\n",
                count / 2
            );
            let length = metrics.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{metrics}"
            );
        }
    });
    address
}

/// The greatest value of a chart, as its heading says it.
fn most(browser: &Browser, chart: &str) -> String {
    let page = browser.get("/").shows(200, &[]);
    let (_, figure) = page.body.split_once(&format!("id=\"chart-{chart}\"")).expect("a chart");
    let (_, most) = figure.split_once(", max ").expect("its heading");
    most.split('<').next().unwrap().to_owned()
}

#[test]
fn what_goes_through_is_drawn_and_who_is_silent_is_named() {
    let answered = Arc::new(AtomicU64::new(1000));
    let address = reports(&answered).to_string();
    let world = World::with_keys(&[("ALIPAY__INGRESS__ADMIN_LISTEN", &address)]);
    let browser = &world.browser;
    let page = browser.get("/").shows(200, &["The last two hours"]);
    for chart in CHARTS {
        assert!(
            page.body.contains(&format!("<figure class=\"chart\" id=\"chart-{chart}\"")),
            "{chart}"
        );
    }
    assert_eq!(most(browser, "retries"), "?");
    world.wait_for("/", "worker.admin_listen is off");

    // What was counted before the first look is no news.
    until("a look at the ingress", || most(browser, "received") == "0");
    answered.store(1020, Ordering::SeqCst);
    until("what was received", || most(browser, "received") == "20");
    assert_eq!(most(browser, "refused"), "10");

    world.order("A-1");
    world.publish(vec![
        notification("A-1", "2026112300001", "TRADE_SUCCESS", "10.00"),
        notification("A-2", "2026112300002", "TRADE_SUCCESS", "0"),
    ]);
    let _worker = world.worker();
    until("what was delivered", || most(browser, "delivered") == "1");
    until("how long it took", || most(browser, "p99") != "?");
    let zh = browser.get("/?lang=zh-CN").shows(200, &["最近两小时", "已发货", "没有回答"]);
    zh.hides(&["Delivered"]);

    answered.store(u64::MAX, Ordering::SeqCst);
    world.wait_for("/", &format!("ingress at {address}: "));
    assert_eq!(most(browser, "received"), "20");
}

//! A storm delivers everything but the forged notifications, and its ledger records it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::time::Duration;

use alipay::{Fen, Md5Key, Protocol, SignType, Verifier};
use chrono::Utc;
use simulator::{
    Fault, LedgerLine, Mix, NotificationKind, RepeatSchedule, Status, Storm, StormFaults,
    StormSummary, TradeStore, Trades,
};
use tokio_util::sync::CancellationToken;

use crate::merchants::{MD5_KEY, md5, openapi};
use crate::notify_server::{NotifyServer, nobody};

fn storm(to: hyper::Uri, orders: usize) -> Storm {
    Storm {
        merchant: openapi(),
        signer: md5(),
        to,
        orders: (0..orders).map(|number| format!("S{number}")).collect(),
        total: Fen::new(10_00),
        mix: Mix::Pay,
        rate: 0,
        connections: 8,
        faults: StormFaults::default(),
        schedule: RepeatSchedule::once()
            .endless(Duration::from_millis(5))
            .give_up_after(Duration::from_secs(20)),
        timeout: Duration::from_secs(5),
        trade_store: None,
    }
}

async fn run(storm: &Storm) -> (StormSummary, Vec<LedgerLine>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let ledger = Box::new(File::create(&file).unwrap());
    let summary = storm.run(Some(ledger), &CancellationToken::new(), |_| ()).await.unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    (summary, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// A merchant's side that verifies, and refuses every third request besides.
async fn picky_server() -> NotifyServer {
    let verifier =
        Verifier::new(Protocol::Openapi, vec![SignType::Md5], vec![Md5Key::new(MD5_KEY)], vec![]);
    let verifier = verifier.unwrap();
    NotifyServer::start(move |form, number| match verifier.verify(form, &[], Utc::now()) {
        Err(_) => (400, "fail"),
        Ok(_) if number % 3 == 0 => (503, "fail"),
        Ok(_) => (200, "success"),
    })
    .await
}

#[tokio::test]
async fn every_genuine_notification_arrives_and_no_forged_one() {
    let server = picky_server().await;
    let mut storm = storm(server.url.clone(), 500);
    storm.mix = Mix::PayRefund;
    storm.faults =
        StormFaults { duplicate: 10, corrupt: 5, reorder: true, seed: 1, ..StormFaults::default() };
    let (summary, lines) = run(&storm).await;
    assert!(summary.is_success(), "{summary:?}");
    assert_eq!(summary.notifications, storm.notifications());
    assert_eq!(summary.notifications, 1000);
    assert!((60..140).contains(&summary.duplicates), "{summary:?}");
    assert!((25..75).contains(&summary.corrupt), "{summary:?}");
    assert_eq!(summary.answered_success, summary.notifications + summary.duplicates);
    assert_eq!(summary.attempts, server.received().len() as u64);
    assert_eq!(summary.answers["200 success"], summary.answered_success);
    assert!(summary.answers["503"] > 0 && summary.answers["400"] == summary.corrupt);
    let latency = summary.latency_microseconds;
    assert!(latency.p50 > 0 && latency.p50 <= latency.p99 && latency.p99 <= latency.max);

    // The ledger: every order paid and refunded, forged lines never answered.
    let mut orders = BTreeMap::<String, BTreeSet<&str>>::new();
    for line in &lines {
        assert_eq!(line.answered_success_at.is_some(), line.fault != Some(Fault::Corrupt));
        if line.fault.is_none() {
            assert!(orders.entry(line.order.clone()).or_default().insert(line.kind.name()));
        }
    }
    assert_eq!(orders.len(), 500);
    assert!(orders.values().all(|kinds| kinds.len() == 2));
    assert_eq!(lines.iter().map(|line| line.attempts).sum::<u64>(), summary.attempts);
    let ids: BTreeSet<&str> = lines.iter().map(|line| line.notify_id.as_str()).collect();
    assert_eq!(ids.len(), 1000, "duplicates have the identity of their original");
}

#[tokio::test]
async fn without_faults_payments_come_in_order() {
    let server = NotifyServer::start(|_, _| (200, "success")).await;
    let mut storm = storm(server.url.clone(), 300);
    storm.connections = 1;
    let (summary, lines) = run(&storm).await;
    assert_eq!(summary.attempts, 300);
    assert!(lines.iter().all(|line| line.kind == NotificationKind::Pay && line.fault.is_none()));
    let received = server.received();
    let received = received.iter().map(|form| form.get("out_trade_no").unwrap());
    let out_of_order = received.zip(&storm.orders).find(|(got, sent)| *got != sent.as_bytes());
    assert_eq!(out_of_order, None);
}

#[tokio::test]
async fn a_storm_keeps_its_rate() {
    let server = NotifyServer::start(|_, _| (200, "success")).await;
    let mut storm = storm(server.url.clone(), 100);
    storm.rate = 500;
    let (summary, _) = run(&storm).await;
    // The last one leaves 198 ms after the first.
    assert!(summary.milliseconds >= 198, "{summary:?}");
    assert!(summary.is_success());
}

#[tokio::test]
async fn latency_counts_from_the_intended_time_to_success() {
    let server = NotifyServer::start(|_, number| match number {
        0..20 => (503, "fail"),
        _ => (200, "success"),
    })
    .await;
    let mut storm = storm(server.url.clone(), 20);
    storm.rate = 1000;
    storm.connections = 20;
    storm.schedule = RepeatSchedule::once().endless(Duration::from_millis(100));
    let (summary, lines) = run(&storm).await;
    let latency = summary.latency_microseconds;
    assert!(lines.iter().any(|line| line.attempts > 1));
    assert!(latency.max >= 100_000 && latency.max <= summary.milliseconds * 1000, "{summary:?}");
}

#[tokio::test]
async fn unanswered_notifications_are_given_up() {
    let mut storm = storm(nobody().await, 3);
    storm.schedule = storm.schedule.give_up_after(Duration::from_millis(50));
    let (summary, lines) = run(&storm).await;
    assert!(!summary.is_success() && summary.is_unreachable(), "{summary:?}");
    assert_eq!((summary.given_up, summary.answered_success), (3, 0));
    assert!(lines.iter().all(|line| line.attempts > 1 && line.answered_success_at.is_none()));
}

#[tokio::test]
async fn cancelling_ends_the_repeats() {
    let server = NotifyServer::start(|_, _| (503, "fail")).await;
    let storm = storm(server.url.clone(), 5);
    let cancelled = CancellationToken::new();
    let sent = async {
        while server.received().len() < 10 {
            tokio::task::yield_now().await;
        }
        cancelled.cancel();
    };
    let (summary, ()) = tokio::join!(storm.run(None, &cancelled, |_| ()), sent);
    let summary = summary.unwrap();
    assert!(summary.cancelled && !summary.is_success() && !summary.is_unreachable());
    assert_eq!(summary.given_up, 5);
}

#[tokio::test]
async fn the_ledger_records_faults() {
    let server = NotifyServer::start(|form, _| match openapi_verifies(form) {
        true => (200, "success"),
        false => (400, "fail"),
    })
    .await;
    let mut storm = storm(server.url.clone(), 300);
    storm.faults = StormFaults {
        wrong_app: 10,
        wrong_amount: 10,
        drop: 10,
        gbk: 10,
        slow_body: 2,
        half_body: 5,
        seed: 3,
        ..StormFaults::default()
    };
    storm.trade_store = Some(("shop".to_owned(), TradeStore::in_memory()));
    let (summary, ledger) = run(&storm).await;
    let of = |fault| ledger.iter().filter(|line| line.fault == Some(fault)).collect::<Vec<_>>();
    let success = |line: &&LedgerLine| line.answered_success_at.is_some();
    for (fault, least) in
        [(Fault::WrongApp, 10), (Fault::WrongAmount, 10), (Fault::Drop, 10), (Fault::Gbk, 10)]
    {
        assert!(of(fault).len() > least, "{fault:?}: {}", of(fault).len());
    }
    assert!(!of(Fault::WrongApp).iter().any(success));
    assert!(of(Fault::WrongAmount).iter().all(|line| success(line) && line.attempts == 1));
    assert!(of(Fault::Drop).iter().all(|line| !success(line) && line.attempts == 0));
    for fault in [Fault::Gbk, Fault::SlowBody, Fault::HalfBody] {
        assert!(!of(fault).is_empty() && of(fault).iter().all(success), "{fault:?}");
    }
    assert!(of(Fault::HalfBody).iter().all(|line| line.attempts >= 2), "the whole comes later");
    assert_eq!(summary.dropped, of(Fault::Drop).len() as u64);
    assert_eq!(summary.notifications + summary.dropped, 300);
    assert!(summary.is_success(), "{summary:?}");
    // A wrong amount does not go by the id of the genuine notification.
    let wrong: BTreeSet<_> = of(Fault::WrongAmount).iter().map(|line| &line.notify_id).collect();
    let mut others = ledger.iter().filter(|line| line.fault != Some(Fault::WrongAmount));
    assert!(!others.any(|line| wrong.contains(&line.notify_id)));
    // A query about a dropped notification says that the order is paid.
    let (merchant, trade_store) = storm.trade_store.unwrap();
    let paid = |line: &&LedgerLine| {
        let status = |trades: &Trades| trades.merchants[&merchant][&line.order][0].trade.status;
        trade_store.read(status).unwrap() == Status::TradeSuccess
    };
    assert!(of(Fault::Drop).iter().all(paid));
}

/// What an ingress would accept: the signature and the app.
fn openapi_verifies(form: &alipay::Form) -> bool {
    let keys = vec![Md5Key::new(MD5_KEY)];
    let verifier = Verifier::new(Protocol::Openapi, vec![SignType::Md5], keys, Vec::new());
    verifier.unwrap().verify(form, &[], Utc::now()).is_ok()
        && form.get("app_id") == Some(openapi().app_id.as_bytes())
}

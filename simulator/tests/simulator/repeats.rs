//! The sender repeats until it reads exactly `success`.

use std::time::Duration;

use alipay::Form;
use simulator::{AttemptFailure, RepeatSchedule, Sender, SignedNotification};

use crate::merchants::{md5, openapi, time, trade};
use crate::notify_server::{NotifyServer, nobody};

fn notification() -> SignedNotification {
    trade(&openapi()).pay(time("2026-11-23 13:00:00")).unwrap().sign(&md5()).unwrap()
}

/// Milliseconds between attempts, forever.
fn quick() -> RepeatSchedule {
    RepeatSchedule::once().endless(Duration::from_millis(5))
}

fn values<'a>(forms: &'a [Form], name: &str) -> Vec<&'a [u8]> {
    forms.iter().map(|form| form.get(name).unwrap()).collect()
}

#[tokio::test]
async fn only_success_ends_the_repeats() {
    const ANSWERS: [(u16, &str); 9] = [
        (200, "fail"),
        (200, "SUCCESS"),
        (200, "success\n"),
        (302, "success"),
        (201, "success"),
        (200, "\u{feff}success"),
        (500, "success"),
        (200, ""),
        (200, "success"),
    ];
    let server = NotifyServer::start(|_, number| ANSWERS[number]).await;
    let sender = Sender::new(Duration::from_secs(5));
    let mut told = Vec::new();
    let delivery = sender
        .deliver_telling(&server.url, &notification(), &quick(), |attempt| {
            told.push(attempt.clone());
        })
        .await
        .unwrap();
    assert!(delivery.is_success());
    assert_eq!(told, delivery.attempts);
    let answers: Vec<_> = told.iter().map(|a| (a.status.unwrap(), a.answer.as_str())).collect();
    assert_eq!(answers, ANSWERS);
    let ids = server.received();
    let ids = values(&ids, "notify_id");
    assert!(ids.iter().all(|id| *id == delivery.notify_id.as_bytes()));
}

#[tokio::test]
async fn repeats_are_signed_anew() {
    let server = NotifyServer::start(|_, number| (200, ["fail", "success"][number])).await;
    let sender = Sender::new(Duration::from_secs(5));
    // Notify times have whole seconds.
    let schedule = RepeatSchedule::once().endless(Duration::from_millis(1001));
    sender.deliver(&server.url, &notification(), &schedule).await.unwrap();
    let received = server.received();
    assert_eq!(values(&received, "notify_time"), [b"2026-11-23 13:00:00", b"2026-11-23 13:00:01"]);
    let signs = values(&received, "sign");
    assert_ne!(signs[0], signs[1]);
}

#[tokio::test]
async fn repeats_stop_at_the_end_of_the_ladder() {
    let server = NotifyServer::start(|_, _| (200, "fail")).await;
    let sender = Sender::new(Duration::from_secs(5));
    let delivery = sender
        .deliver(&server.url, &notification(), &RepeatSchedule::alipay(1_000_000))
        .await
        .unwrap();
    assert_eq!(delivery.attempts.len(), 8);
    assert!(!delivery.is_success());
}

#[tokio::test]
async fn timeouts_and_refused_connections_are_distinguished() {
    let sender = Sender::new(Duration::from_millis(200));
    let absent =
        sender.deliver(&nobody().await, &notification(), &RepeatSchedule::once()).await.unwrap();
    assert_eq!(absent.attempts[0].failure, Some(AttemptFailure::NotConnected));
    let reason = absent.attempts[0].reason.as_deref().unwrap();
    assert!(reason.contains("nothing accepts connections there"), "{reason}");

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap()).parse().unwrap();
    let attempt = sender.post(&url, notification().body().into()).await;
    assert_eq!((attempt.status, attempt.failure), (None, Some(AttemptFailure::TimedOut)));
}

#[tokio::test]
async fn a_long_answer_is_not_read_to_its_end() {
    static LONG: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| "x".repeat(1_000_000));
    let server = NotifyServer::start(|_, _| (200, LONG.as_str())).await;
    let sender = Sender::new(Duration::from_secs(5));
    let attempt = sender.post(&server.url, notification().body().into()).await;
    assert_eq!((attempt.status, attempt.is_success()), (Some(200), false));
    assert!(attempt.answer.len() <= simulator::Attempt::ANSWER_LIMIT);
}

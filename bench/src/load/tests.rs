#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper::{Request, Response, body::Incoming};
use hyper_util::rt::TokioIo;
use indicatif::ProgressBar;
use tokio::net::TcpListener;

use super::*;

/// How long the server does not answer its first request.
const STALL: Duration = Duration::from_millis(500);
/// Requests a second.
const RATE: u32 = 1_000;

/// Answers over one connection, the first request after [`STALL`]. The request with this number is answered `fail`.
async fn server(bad: Option<usize>) -> LoadTarget {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let number = Arc::new(AtomicUsize::new(0));
        let service = service_fn(|request: Request<Incoming>| {
            let number = number.fetch_add(1, Ordering::Relaxed);
            async move {
                request.into_body().collect().await?;
                if number == 0 {
                    tokio::time::sleep(STALL).await;
                }
                let body = if bad == Some(number) { "fail" } else { "success" };
                Ok::<_, hyper::Error>(Response::new(Full::new(Bytes::from(body))))
            }
        });
        let connection = hyper::server::conn::http1::Builder::new();
        connection.serve_connection(TokioIo::new(stream), service).await
    });
    LoadTarget { address, path: "/".to_owned(), connections: 1 }
}

async fn posted(target: &LoadTarget, pace: LoadPace, count: usize) -> anyhow::Result<Answered> {
    let bodies: Arc<[Bytes]> = vec![Bytes::from_static(b"a=1"); count].into();
    post(target, pace, &bodies, &ProgressBar::hidden()).await
}

/// How many latencies are at least half of the stall.
fn slow(answered: &Answered) -> u64 {
    let half = u64::try_from(STALL.as_micros() / 2).unwrap();
    answered.latencies.count_between(half, u64::MAX)
}

/// In an open loop the requests that were due while the server stalled are as late as they are; a closed loop sends none
/// meanwhile, and sees one slow answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_is_in_the_latency_of_all_that_wait_behind_it() {
    // Those of its first half wait for half of it at least.
    let half = u64::from(RATE) * u64::try_from(STALL.as_millis()).unwrap() / 2_000;
    let open = posted(&server(None).await, LoadPace::Open(RATE), 600).await.unwrap();
    assert!(slow(&open) >= half, "{} of {half}", slow(&open));
    assert_eq!(open.latencies.len(), 600);
    let closed = posted(&server(None).await, LoadPace::Closed, 600).await.unwrap();
    assert_eq!(closed.latencies.len(), 600);
    assert!(slow(&closed) < half, "{}", slow(&closed));
}

#[tokio::test]
async fn an_answer_that_is_not_success_ends_the_run() {
    let refused = posted(&server(Some(3)).await, LoadPace::Closed, 10).await;
    let error = format!("{:#}", refused.err().unwrap());
    assert_eq!(error, "request 3: answered 200 OK \"fail\"");
}

#[test]
fn requests_are_due_at_even_distances() {
    assert_eq!(intended_offset(0, 1_000), Duration::ZERO);
    assert_eq!(intended_offset(1_500, 1_000), Duration::from_millis(1_500));
    assert_eq!(intended_offset(3, 0), Duration::from_secs(3));
}

//! HTTP load: bodies are posted over kept connections, and the answers are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use hdrhistogram::Histogram;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use indicatif::ProgressBar;
use tokio::net::TcpStream;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

/// How long one answer may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);
/// Latencies up to one minute, in microseconds, with three significant digits.
pub(crate) type Latencies = Histogram<u64>;

/// When a request is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoadPace {
    /// As soon as a connection is free: a closed loop, which finds the highest rate.
    Closed,
    /// So many a second, however slowly answers come. A latency counts from the intended time, so a slow answer
    /// makes the ones that wait behind it slow, too.
    Open(u32),
}

/// Where and how bodies are posted.
#[derive(Debug, Clone)]
pub(crate) struct LoadTarget {
    /// `HOST:PORT`.
    pub(crate) address: String,
    pub(crate) path: String,
    pub(crate) connections: usize,
}

/// All bodies were answered `success`.
pub(crate) struct Answered {
    pub(crate) began: Instant,
    pub(crate) elapsed: Duration,
    pub(crate) latencies: Latencies,
}

/// Posts every body once.
///
/// # Errors
/// An answer is not exactly `success`, or does not come: such a run measures nothing.
pub(crate) async fn post(
    target: &LoadTarget,
    pace: LoadPace,
    bodies: &Arc<[Bytes]>,
    progress: &ProgressBar,
) -> anyhow::Result<Answered> {
    let mut connections = Vec::new();
    for _ in 0..target.connections {
        connections.push(connect(&target.address).await?);
    }
    let began = Instant::now();
    let schedule = Arc::new(SendSchedule::new(pace, began, bodies.len()));
    let mut tasks = JoinSet::new();
    for connection in connections {
        let share = Share {
            connection,
            target: target.clone(),
            bodies: Arc::clone(bodies),
            schedule: Arc::clone(&schedule),
            progress: progress.clone(),
        };
        tasks.spawn(share.run());
    }
    let mut latencies = histogram()?;
    while let Some(ended) = tasks.join_next().await {
        latencies.add(ended??)?;
    }
    Ok(Answered { began, elapsed: began.elapsed(), latencies })
}

pub(crate) fn histogram() -> anyhow::Result<Latencies> {
    Ok(Histogram::new_with_bounds(1, 60_000_000, 3)?)
}

/// One more latency; what is above the histogram's limit counts as the limit.
pub(crate) fn record(latencies: &mut Latencies, latency: Duration) {
    let microseconds = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
    latencies.saturating_record(microseconds.max(1));
}

async fn connect(address: &str) -> anyhow::Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await.with_context(|| address.to_owned())?;
    stream.set_nodelay(true)?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender, or with an error that the sender reports, too.
    tokio::spawn(connection);
    Ok(sender)
}

/// One connection's share of the load.
struct Share {
    connection: SendRequest<Full<Bytes>>,
    target: LoadTarget,
    bodies: Arc<[Bytes]>,
    schedule: Arc<SendSchedule>,
    progress: ProgressBar,
}

impl Share {
    async fn run(mut self) -> anyhow::Result<Latencies> {
        let mut latencies = histogram()?;
        while let Some((number, intended)) = self.schedule.next().await {
            let Some(body) = self.bodies.get(number) else { break };
            self.send(body.clone()).await.with_context(|| format!("request {number}"))?;
            record(&mut latencies, intended.elapsed());
            self.progress.inc(1);
        }
        Ok(latencies)
    }

    async fn send(&mut self, body: Bytes) -> anyhow::Result<()> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&self.target.path)
            .header(HOST, &self.target.address)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded; text/html; charset=utf-8")
            .body(Full::new(body))?;
        let call = async {
            if self.connection.ready().await.is_err() {
                // nginx closes a connection after a thousand requests.
                self.connection = connect(&self.target.address).await?;
            }
            let response = self.connection.send_request(request).await?;
            let status = response.status();
            let body = response.into_body().collect().await?.to_bytes();
            ensure!(
                status == StatusCode::OK && body == "success",
                "answered {status} {:?}",
                String::from_utf8_lossy(&body)
            );
            Ok(())
        };
        match tokio::time::timeout(ANSWER_TIMEOUT, call).await {
            Ok(result) => result,
            Err(_) => bail!("no answer within {ANSWER_TIMEOUT:?}"),
        }
    }
}

/// Which body is next, and when it is to be sent.
enum SendSchedule {
    Closed(AtomicUsize),
    Open(Mutex<mpsc::Receiver<(usize, Instant)>>),
}

impl SendSchedule {
    fn new(pace: LoadPace, began: Instant, count: usize) -> SendSchedule {
        let LoadPace::Open(rate) = pace else { return SendSchedule::Closed(AtomicUsize::new(0)) };
        let (send, schedule) = mpsc::channel(count.max(1));
        // A thread sleeps, not a tokio timer, which counts whole milliseconds: they would be in every latency.
        thread::spawn(move || {
            for number in 0..count {
                let intended = began + intended_offset(number, rate);
                thread::sleep(intended.saturating_duration_since(Instant::now()));
                if send.blocking_send((number, intended)).is_err() {
                    break;
                }
            }
        });
        SendSchedule::Open(Mutex::new(schedule))
    }

    async fn next(&self) -> Option<(usize, Instant)> {
        match self {
            SendSchedule::Closed(next) => {
                Some((next.fetch_add(1, Ordering::Relaxed), Instant::now()))
            }
            SendSchedule::Open(schedule) => schedule.lock().await.recv().await,
        }
    }
}

/// When the request with this number is due, after the first.
pub(crate) fn intended_offset(number: usize, rate: u32) -> Duration {
    Duration::from_secs(1).mul_f64(number as f64 / f64::from(rate.max(1)))
}

#[cfg(test)]
mod tests;

//! Delivering notifications over HTTP.

use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Uri};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use service::connect_failure::{self, ConnectFailure};

use crate::writing::Written;
use crate::{
    Attempt, AttemptFailure, Delivery, RepeatSchedule, SignError, SignedNotification, Trust,
    Writing,
};

/// An answer longer than this is not read to its end; it cannot be `success`.
const LONGEST_ANSWER: usize = 64 * 1024;
/// An idle connection is closed before a usual server does, which would look like a failure.
const IDLE: Duration = Duration::from_secs(3);

/// POSTs notifications and reads the answers, over connections that are kept alive.
///
/// Cheap to clone; clones share their connections. Redirects are answers, not directions.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Client<HttpsConnector<HttpConnector>, Written>,
    timeout: Duration,
    writing: Writing,
}

impl Sender {
    /// A sender that waits this long for an answer; how long Alipay waits is not known. With `https`
    /// the public authorities must vouch for the server.
    pub fn new(timeout: Duration) -> Sender {
        Sender::trusting(timeout, &Trust::default())
    }

    /// A sender that trusts others than the public authorities.
    pub fn trusting(timeout: Duration, trust: &Trust) -> Sender {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(timeout));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(trust.connector(connector));
        Sender { client, timeout, writing: Writing::Whole }
    }

    /// The same sender with bodies written in another way.
    pub fn writing(&self, writing: Writing) -> Sender {
        Sender { writing, ..self.clone() }
    }

    /// One attempt: POSTs the body as it is and reads the answer. Never fails: no answer is a
    /// result, too.
    pub async fn post(&self, to: &Uri, body: Bytes) -> Attempt {
        let at = Utc::now();
        let started = Instant::now();
        let answer = match tokio::time::timeout(self.timeout, self.exchange(to, body)).await {
            Ok(answer) => answer,
            Err(_) => {
                let seconds = self.timeout.as_secs_f64();
                Err((AttemptFailure::TimedOut, format!("no answer within {seconds} s")))
            }
        };
        let duration = started.elapsed();
        match answer {
            Ok((status, answer)) => {
                Attempt { at, status: Some(status), answer, failure: None, reason: None, duration }
            }
            Err((failure, why)) => Attempt {
                at,
                status: None,
                answer: String::new(),
                failure: Some(failure),
                reason: Some(format!("{}: {why}", place(to))),
                duration,
            },
        }
    }

    /// Delivers a notification and repeats it until it reads exactly `success` or the schedule ends.
    ///
    /// # Errors
    /// [`SignError`] when a repeat cannot be signed.
    pub async fn deliver(
        &self,
        to: &Uri,
        notification: &SignedNotification,
        schedule: &RepeatSchedule,
    ) -> Result<Delivery, SignError> {
        self.deliver_telling(to, notification, schedule, |_| ()).await
    }

    /// As [`Sender::deliver`], and reports every attempt when it is over.
    ///
    /// # Errors
    /// As [`Sender::deliver`].
    pub async fn deliver_telling(
        &self,
        to: &Uri,
        notification: &SignedNotification,
        schedule: &RepeatSchedule,
        mut tell: impl FnMut(&Attempt),
    ) -> Result<Delivery, SignError> {
        let started = Instant::now();
        let mut attempts = Vec::new();
        let mut body = Bytes::from(notification.body());
        loop {
            let attempt = self.post(to, body).await;
            tell(&attempt);
            let over = attempt.is_success();
            attempts.push(attempt);
            let gap = schedule.gap(attempts.len(), started.elapsed());
            let (false, Some(gap)) = (over, gap) else {
                let notify_id = notification.notify_id().to_owned();
                return Ok(Delivery { notify_id, attempts });
            };
            tokio::time::sleep(gap).await;
            let now = later(notification.notification().notify_time, started.elapsed());
            body = Bytes::from(notification.at(now)?.body());
        }
    }

    async fn exchange(
        &self,
        to: &Uri,
        body: Bytes,
    ) -> Result<(u16, String), (AttemptFailure, String)> {
        let request = Request::post(to)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Written::new(body, self.writing))
            .map_err(|error| (AttemptFailure::NotConnected, error.to_string()))?;
        let response = self.client.request(request).await.map_err(|error| {
            let failure = match AttemptFailure::of(ConnectFailure::of(&error)) {
                AttemptFailure::Broken if error.is_connect() => AttemptFailure::NotConnected,
                failure => failure,
            };
            (failure, connect_failure::explain(&error))
        })?;
        let status = response.status().as_u16();
        match Limited::new(response.into_body(), LONGEST_ANSWER).collect().await {
            Ok(body) => {
                let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
                Ok((status, text.chars().take(Attempt::ANSWER_LIMIT).collect()))
            }
            Err(error) if error.is::<LengthLimitError>() => Ok((status, "(too long)".to_owned())),
            Err(error) => Err((AttemptFailure::Broken, connect_failure::explain(&*error))),
        }
    }
}

/// `HOST:PORT` of an address, for people.
fn place(to: &Uri) -> String {
    let port = if to.scheme_str() == Some("https") { 443 } else { 80 };
    format!("{}:{}", to.host().unwrap_or_default(), to.port_u16().unwrap_or(port))
}

/// A time moved forward; trades may live in another time than the clock on the wall.
pub(crate) fn later(time: DateTime<Utc>, elapsed: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(elapsed).map_or(time, |elapsed| time + elapsed)
}

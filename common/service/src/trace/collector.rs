//! The HTTP client of the export. It logs why the collector takes nothing: the exporter above it leaves the reason out.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

use crate::connect_failure::chain;
use crate::outage::{Outage, OutageKind};

/// The largest answer of a collector that is read, bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Sends spans on the runtime of the program: the thread that exports has none.
#[derive(Debug)]
pub(super) struct CollectorClient {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
    timeout: Duration,
    outage: Outage,
}

impl CollectorClient {
    /// A client that gives up on a request after `timeout`. https trusts the authorities of this machine, where there are
    /// none those of browsers.
    pub(super) fn new(timeout: Duration) -> CollectorClient {
        let builder = HttpsConnectorBuilder::new()
            .with_native_roots()
            .unwrap_or_else(|_| HttpsConnectorBuilder::new().with_webpki_roots());
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(builder.https_or_http().enable_http1().build());
        let outage = Outage::new("the collector of traces");
        CollectorClient { http, runtime: Handle::current(), timeout, outage }
    }

    /// Logs the outcome of a request where it begins or ends an outage.
    fn note(&self, outcome: &Result<Response<Bytes>, HttpError>) {
        match outcome.as_ref().map(Response::status) {
            Ok(status) if status.is_success() => self.outage.connected(),
            Ok(status) => {
                self.outage.attempt_failed(kind(status), &format!("HTTP status {status}"));
            }
            Err(error) => self.outage.attempt_failed(OutageKind::Away, &chain(error.as_ref())),
        }
    }
}

/// What a status other than success says of the collector: it is busy or broken, or it does not accept address, token or
/// size of a request.
fn kind(status: StatusCode) -> OutageKind {
    let is_busy = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS].contains(&status);
    if is_busy || status.is_server_error() { OutageKind::Away } else { OutageKind::Refuses }
}

#[async_trait::async_trait]
impl HttpClient for CollectorClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.http.request(request.map(Full::new));
        let exchange = async {
            let (head, body) = sent.await?.into_parts();
            let body = Limited::new(body, LARGEST_ANSWER).collect().await?;
            Ok::<_, HttpError>(Response::from_parts(head, body.to_bytes()))
        };
        let timeout = self.timeout;
        let limited = async move {
            let answer = tokio::time::timeout(timeout, exchange).await;
            answer.unwrap_or_else(|_| Err(format!("no answer within {timeout:?}").into()))
        };
        let outcome = self.runtime.spawn(limited).await.unwrap_or_else(|error| Err(error.into()));
        self.note(&outcome);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use testkit::{FakeGateway, Reply};

    use super::*;

    /// What comes of a request to a collector that replies so.
    async fn sent(reply: Reply, timeout: Duration) -> Result<u16, HttpError> {
        let collector = FakeGateway::start(reply).unwrap();
        let request = Request::post(collector.url.as_str()).body(Bytes::from_static(b"spans"));
        let answer = CollectorClient::new(timeout).send_bytes(request.unwrap()).await?;
        Ok(answer.status().as_u16())
    }

    /// What is known of a collector that replied so.
    async fn state_after(reply: Reply, timeout: Duration) -> Option<(OutageKind, String)> {
        let collector = FakeGateway::start(reply).unwrap();
        let request = Request::post(collector.url.as_str()).body(Bytes::from_static(b"spans"));
        let client = CollectorClient::new(timeout);
        // What the caller gets is another test's.
        let _ = client.send_bytes(request.unwrap()).await;
        client.outage.state()
    }

    #[tokio::test]
    async fn the_reason_of_a_failure_is_known() {
        let long = Duration::from_secs(600);
        assert_eq!(state_after(Reply::text("ok"), long).await, None);
        for (status, kind) in [
            (302, OutageKind::Refuses),
            (401, OutageKind::Refuses),
            (404, OutageKind::Refuses),
            (429, OutageKind::Away),
            (503, OutageKind::Away),
        ] {
            let (found, reason) =
                state_after(Reply::Status(status, Vec::new()), long).await.unwrap();
            assert!(reason.starts_with(&format!("HTTP status {status}")), "{reason}");
            assert_eq!(found, kind, "{status}");
        }
        let stalled = state_after(Reply::Stall(Vec::new()), Duration::from_millis(50)).await;
        assert_eq!(stalled, Some((OutageKind::Away, "no answer within 50ms".to_owned())));
    }

    #[tokio::test]
    async fn a_request_is_bounded_in_time_and_size() {
        let (long, short) = (Duration::from_secs(600), Duration::from_millis(50));
        assert_eq!(sent(Reply::text("ok"), long).await.unwrap(), 200);
        assert_eq!(sent(Reply::Status(503, Vec::new()), long).await.unwrap(), 503);
        assert!(sent(Reply::Stall(Vec::new()), short).await.is_err());
        let head = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_vec();
        assert!(sent(Reply::Stall(head), short).await.is_err());
        assert!(sent(Reply::Endless, long).await.is_err());
        assert!(sent(Reply::Raw(b"no HTTP".to_vec()), long).await.is_err());
    }
}

//! The HTTP client of the export.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use opentelemetry_http::{HttpClient, HttpError};
use tokio::runtime::Handle;

/// The largest answer of a collector that is read, bytes.
const LARGEST_ANSWER: usize = 64 * 1024;

/// Sends spans on the runtime of the program: the thread that exports has none.
#[derive(Debug)]
pub(super) struct CollectorClient {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    runtime: Handle,
    timeout: Duration,
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
        CollectorClient { http, runtime: Handle::current(), timeout }
    }
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
        self.runtime.spawn(async move { tokio::time::timeout(timeout, exchange).await? }).await?
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

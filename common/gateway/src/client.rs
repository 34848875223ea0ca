//! One request, bounded in time and size.

use std::error::Error;
use std::time::Duration;
use std::{fmt, io};

use alipay::MAX_ANSWER;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use service::connect_failure::{self, ConnectFailure};
use service::trace::{self, KeyValue, Span, SpanKind};

use crate::GatewayError;

/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(30);
/// How many unused connections are kept to one gateway.
const MAX_IDLE: usize = 8;

/// Whether a request is sent again where the connection ended before an answer began. A gateway may close an unused
/// connection at the moment in which a request is sent on it, and it is not known whether it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Never,
    Once,
}

/// The HTTP client for Alipay's gateway. A copy shares its connections.
#[derive(Clone)]
pub struct Gateway {
    http: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    timeout: Duration,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Gateway {
    /// A client that gives up on a call after `timeout`: connecting, sending and receiving
    /// together.
    pub fn new(timeout: Duration) -> Gateway {
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
        let http = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(MAX_IDLE)
            .build(connector);
        Gateway { http, timeout }
    }

    /// Sends a form that changes something at Alipay, and receives the whole answer.
    ///
    /// # Errors
    /// No connection, any status but 200, an answer above [`MAX_ANSWER`], or too slow.
    pub(crate) async fn post(&self, address: Uri, form: String) -> Result<Vec<u8>, GatewayError> {
        self.call(posted(address, form), Repeat::Never).await
    }

    /// Sends a form that changes nothing at Alipay, and receives the whole answer.
    ///
    /// # Errors
    /// As [`post`](Gateway::post).
    pub(crate) async fn read(&self, address: Uri, form: String) -> Result<Vec<u8>, GatewayError> {
        self.call(posted(address, form), Repeat::Once).await
    }

    /// Asks with an address alone, and receives the whole answer.
    ///
    /// # Errors
    /// As [`post`](Gateway::post).
    pub(crate) async fn get(&self, address: Uri) -> Result<Vec<u8>, GatewayError> {
        let mut request = Request::new(Full::default());
        *request.uri_mut() = address;
        self.call(request, Repeat::Once).await
    }

    async fn call(
        &self,
        request: Request<Full<Bytes>>,
        repeat: Repeat,
    ) -> Result<Vec<u8>, GatewayError> {
        let place = place(request.uri());
        let span = span(&request);
        let call = async {
            let response = match self.http.request(request.clone()).await {
                Err(error) if repeat == Repeat::Once && closed_before_answer(&error) => {
                    self.http.request(request).await
                }
                result => result,
            };
            let response = response.map_err(|error| broken(&place, &error))?;
            if response.status() != StatusCode::OK {
                return Err(GatewayError::Http { status: response.status().as_u16() });
            }
            body(&place, response).await
        };
        // Boxed: the state of a connection is large, and callers hold this future in theirs.
        let answer = tokio::time::timeout(self.timeout, Box::pin(call)).await;
        let answer = answer.unwrap_or(Err(GatewayError::Timeout { after: self.timeout }));
        end(span, &answer);
        answer
    }
}

/// The span of a call, by OpenTelemetry's conventions for HTTP clients. The query is left out, which holds data of the
/// order and its signature; and nothing about the trace is sent to Alipay.
fn span(request: &Request<Full<Bytes>>) -> Span {
    let (method, address) = (request.method(), request.uri());
    let mut span = Span::begin(SpanKind::Client, || method.to_string().into(), trace::current());
    span.describe(|| {
        let host = address.host().unwrap_or_default();
        let scheme = address.scheme_str().unwrap_or_default();
        [
            KeyValue::new("http.request.method", method.to_string()),
            KeyValue::new("server.address", host.to_owned()),
            KeyValue::new("server.port", i64::from(port(address))),
            KeyValue::new("url.full", format!("{scheme}://{}{}", place(address), address.path())),
        ]
    });
    span
}

fn end(mut span: Span, answer: &Result<Vec<u8>, GatewayError>) {
    let status = match answer {
        Ok(_) => Some(StatusCode::OK.as_u16()),
        Err(GatewayError::Http { status }) => Some(*status),
        Err(_) => None,
    };
    if let Some(status) = status {
        span.describe(|| [KeyValue::new("http.response.status_code", i64::from(status))]);
    }
    if let Err(error) = answer {
        span.fail(error.reason_code());
    }
}

fn posted(address: Uri, form: String) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(Bytes::from(form)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = address;
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, form_type);
    request
}

/// Whether the connection ended before an answer began.
fn closed_before_answer(error: &legacy::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    let source = error.source().and_then(|source| source.downcast_ref::<hyper::Error>());
    source.is_some_and(|error| {
        let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
        error.is_incomplete_message()
            || io.is_some_and(|io| {
                matches!(io.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
            })
    })
}

/// The body of an answer, given up as soon as it is too large.
async fn body(place: &str, response: Response<Incoming>) -> Result<Vec<u8>, GatewayError> {
    let too_large = || GatewayError::TooLarge { limit: MAX_ANSWER };
    let mut incoming = response.into_body();
    if incoming.size_hint().lower() > MAX_ANSWER as u64 {
        return Err(too_large());
    }
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(|error| broken(place, &error))?.into_data() else { continue };
        if body.len() + data.len() > MAX_ANSWER {
            return Err(too_large());
        }
        body.extend_from_slice(&data);
    }
    Ok(body)
}

/// An error of the network, with the place: a wrong name, a port where nothing listens and a certificate are told
/// apart.
fn broken(place: &str, error: &(dyn Error + 'static)) -> GatewayError {
    let why = match ConnectFailure::of(error) {
        // What came was no HTTP, or ended too early: hyper says which.
        ConnectFailure::Broken => connect_failure::chain(error),
        _ => connect_failure::explain(error),
    };
    GatewayError::Connect { reason: format!("{place}: {why}") }
}

/// `HOST:PORT` of an address, for people.
fn place(address: &Uri) -> String {
    format!("{}:{}", address.host().unwrap_or_default(), port(address))
}

fn port(address: &Uri) -> u16 {
    let usual = if address.scheme_str() == Some("https") { 443 } else { 80 };
    address.port_u16().unwrap_or(usual)
}

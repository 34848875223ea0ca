//! A request to a server over HTTP or HTTPS.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, StatusCode};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// The server's answer, at most so many bytes. The caller limits the time.
pub(crate) async fn answer_to(
    request: Request<Full<Bytes>>,
    most: usize,
) -> Result<(StatusCode, Bytes), String> {
    let connector =
        HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().build();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let response = client.request(request).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        cause.unwrap_or_else(|| error.to_string())
    })?;
    let status = response.status();
    let body = Limited::new(response.into_body(), most).collect().await;
    Ok((status, body.map_err(|error| error.to_string())?.to_bytes()))
}

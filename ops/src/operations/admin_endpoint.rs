//! Asking a running program at its admin endpoint.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;

/// The largest answer that is read, in bytes.
const MOST: usize = 4 * 1024 * 1024;

/// Where a program on this machine that listens at an address is reached.
pub(crate) fn here(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => {
            SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port())
        }
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => {
            SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port())
        }
        _ => address,
    }
}

/// What is at a path of the endpoint at `HOST:PORT`. To be bounded in time by the caller.
pub(crate) async fn get(address: &str, path: &str) -> Result<(StatusCode, Bytes), String> {
    let request = Request::get(format!("http://{address}{path}"))
        .body(Empty::<Bytes>::new())
        .map_err(|error| format!("{address} is no HOST:PORT: {error}"))?;
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.request(request).await.map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("nothing answers: {}", cause.unwrap_or_else(|| error.to_string()))
    })?;
    let status = response.status();
    let body = Limited::new(response.into_body(), MOST).collect().await;
    Ok((status, body.map_err(|error| error.to_string())?.to_bytes()))
}

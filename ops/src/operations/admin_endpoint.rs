//! Asking a running program at its admin endpoint.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, StatusCode};

use crate::operations::http_client::answer_to;

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 4 * 1024 * 1024;

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
        .body(Full::<Bytes>::default())
        .map_err(|error| format!("{address} is no HOST:PORT: {error}"))?;
    answer_to(request, MAX_ANSWER).await.map_err(|error| format!("nothing answers: {error}"))
}

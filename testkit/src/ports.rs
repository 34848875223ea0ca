//! Free loopback ports.

use std::net::{Ipv4Addr, TcpListener};

use rand::RngExt;

use crate::process::ServerError;

/// Below Linux' range for outgoing connections (32768 and up). A port inside that range can be
/// taken by any client at any time; and a client that tries again and again to reach a stopped
/// server of the same machine at such a port is one day given it as its own port, and talks to
/// itself.
const RANGE: std::ops::Range<u16> = 20_000..32_000;

/// Ports that nobody listens at now. Somebody may take one before our server does: the caller
/// tries again.
///
/// # Errors
/// None found after many attempts.
pub fn free<const N: usize>() -> Result<[u16; N], ServerError> {
    let mut random = rand::rng();
    let mut ports = [0; N];
    // Held until all are chosen, so that all differ.
    let mut held = Vec::with_capacity(N);
    for _ in 0..10_000 {
        if held.len() == N {
            return Ok(ports);
        }
        let port = random.random_range(RANGE);
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            ports[held.len()] = port;
            held.push(listener);
        }
    }
    Err(ServerError::NoPort)
}

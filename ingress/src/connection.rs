//! Connections: accepting them, and serving each with limits on its time. Their number is limited by
//! [`slots`].

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use config::Ingress;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection_slots::{self, ConnectionSlot, ConnectionSlots};
use crate::endpoint::Endpoint;

/// Bytes that a connection may hold of a request's head. Alipay's has a few hundred.
const HEAD_BYTES: usize = 16 * 1024;
/// Pause after an error of `accept`, such as no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts connections until `stopping` is cancelled. Each is a task of `connections` that ends soon
/// after: with the answers to the requests it has sent.
pub(crate) async fn accept(
    listener: TcpListener,
    endpoint: Arc<Endpoint>,
    connections: TaskTracker,
    stopping: CancellationToken,
) {
    let limits = endpoint.config.borrow().ingress.clone();
    let slots = Arc::new(ConnectionSlots::new(&limits));
    loop {
        let accepted = stopping.run_until_cancelled(listener.accept()).await;
        match accepted {
            None => return,
            Some(Ok((stream, address))) => {
                let taken = stopping.run_until_cancelled(slots.take(address.ip())).await;
                let Some(taken) = taken else { return };
                let Some(slot) = taken else { continue };
                let (endpoint, limits) = (Arc::clone(&endpoint), limits.clone());
                connections.spawn(serve(stream, slot, endpoint, limits, stopping.clone()));
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Waits for the first byte of a connection; `false` when none comes in time.
async fn first_byte(stream: &TcpStream, time: Duration) -> bool {
    let peeked = tokio::time::timeout(time, stream.peek(&mut [0])).await;
    if peeked.is_err() {
        connection_slots::count_closed(connection_slots::NO_FIRST_BYTE);
    }
    matches!(peeked, Ok(Ok(1..)))
}

/// Serves the requests of one connection, one after the other, until its slot is taken away. It has no
/// buffer before its first byte has come.
async fn serve(
    stream: TcpStream,
    slot: ConnectionSlot,
    endpoint: Arc<Endpoint>,
    limits: Ingress,
    stopping: CancellationToken,
) {
    // An answer is one small segment: it must not wait for the next one.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let speaks = tokio::select! {
        speaks = first_byte(&stream, limits.first_byte_timeout) => speaks,
        () = slot.taken_away() => false,
        () = stopping.cancelled() => false,
    };
    if !speaks {
        return;
    }
    let slot = Arc::new(slot);
    let of_requests = Arc::clone(&slot);
    let (age, header_timeout) = (limits.connection_timeout, limits.header_timeout);
    // The longest that a request may take which has begun when the connection is told to end.
    let last_request = limits.header_timeout
        + limits.body_timeout
        + limits.notify_verify_timeout
        + limits.confirm_timeout;
    let service = service_fn(move |request| {
        let (endpoint, slot) = (Arc::clone(&endpoint), Arc::clone(&of_requests));
        async move { Ok::<_, Infallible>(endpoint.answer(request, &slot).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            .max_buf_size(HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = stopping.cancelled() => None,
        () = tokio::time::sleep(age) => None,
        () = slot.taken_away() => return,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            // A client that neither sends nor reads any more is dropped here.
            let last = tokio::time::timeout(last_request + ACCEPT_PAUSE, connection);
            match slot.unless_taken_away(last).await {
                Some(Ok(ended)) => ended,
                Some(Err(_)) | None => return,
            }
        }
    };
    if let Err(error) = ended {
        // Clients hang up, time out and send what is no HTTP: nothing that an operator can act on.
        tracing::debug!(%error, "connection ended");
    }
}

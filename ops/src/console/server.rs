//! The server: its limits, and who may ask.

use service::language::{self, Language};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use hyper::header::SET_COOKIE;
use service::http::{self, Limits};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{Console, request, route};

/// A few operators with some pages each.
const LIMITS: Limits = Limits {
    connections: 128,
    head_bytes: 32 * 1024,
    head_time: Duration::from_secs(30),
    connection_age: Duration::MAX,
    stop_time: Duration::from_secs(5),
};

/// Serves until `shutdown` is cancelled; what is under way may end.
pub(crate) async fn serve(console: Console, listener: TcpListener, shutdown: CancellationToken) {
    let console = Arc::new(console);
    let answer = move |request| {
        let console = Arc::clone(&console);
        async move { answer(&console, request).await }
    };
    http::serve(listener, shutdown, LIMITS, Router::new().fallback(answer)).await;
}

async fn answer(console: &Arc<Console>, request: Request) -> Response {
    let asked_for = Language::of(request.headers());
    asked_for.scope(answer_within(console, request)).await
}

async fn answer_within(console: &Arc<Console>, request: Request) -> Response {
    let guard = &console.guard;
    let mut checked = guard.check_host(request.headers(), request.uri());
    if request.method() == hyper::Method::POST {
        checked = checked.and_then(|()| guard.check_sender(request.headers()));
    }
    if let Err(answer) = checked {
        return answer.into_response();
    }
    let asked = match request::read(request).await {
        Ok(asked) => asked,
        Err(answer) => return answer.into_response(),
    };
    if asked.is_post
        && let Err(answer) = guard.check_token(&asked)
    {
        return answer.into_response();
    }
    match Language::of_tag(asked.query.get(language::NAME)) {
        Some(chosen) => {
            let answer = chosen.scope(Box::pin(route::answer(console, &asked))).await;
            let mut response = answer.into_response();
            response.headers_mut().insert(SET_COOKIE, chosen.cookie());
            response
        }
        None => Box::pin(route::answer(console, &asked)).await.into_response(),
    }
}

//! From a path to what answers it, and who may ask.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use service::language::Language;

use super::request::{Asked, LONGEST_BODY};
use super::{Alipay, answer, cashier, gateway, mapi_refund, trade_pages};

type Shared = State<Arc<Alipay>>;

/// The gateway takes GET and POST alike; pages are read with GET and change something with POST.
pub(super) fn router(alipay: Arc<Alipay>) -> Router {
    Router::new()
        .route(gateway::PATH, get(ask_gateway).post(ask_gateway))
        .route("/", get(|alipay: Shared| waiting(alipay, trade_pages::list)))
        .route(
            "/cashier/{trade_no}",
            get(|alipay: Shared, Path(trade_no): Path<String>| {
                waiting(alipay, move |alipay| cashier::page(alipay, &trade_no))
            }),
        )
        .route(
            "/cashier/{trade_no}/pay",
            post(|alipay: Shared, Path(trade_no): Path<String>, asked: Asked| {
                waiting(alipay, move |alipay| cashier::pay(alipay, &asked, &trade_no))
            }),
        )
        .route(
            "/cashier/{trade_no}/leave",
            post(|alipay: Shared, Path(trade_no): Path<String>| {
                waiting(alipay, move |alipay| cashier::leave(alipay, &trade_no))
            }),
        )
        .route(
            "/trades/{trade_no}",
            get(|alipay: Shared, Path(trade_no): Path<String>| {
                waiting(alipay, move |alipay| trade_pages::one(alipay, &trade_no))
            }),
        )
        .route(
            "/trades/{trade_no}/{step}",
            post(|alipay: Shared, Path((trade_no, step)): Path<(String, String)>, asked: Asked| {
                waiting(alipay, move |alipay| trade_pages::act(alipay, &asked, &trade_no, &step))
            }),
        )
        .route(
            "/refund/{ticket}",
            get(|alipay: Shared, Path(ticket): Path<String>| {
                waiting(alipay, move |alipay| mapi_refund::page(alipay, &ticket))
            })
            .post(|alipay: Shared, Path(ticket): Path<String>, asked: Asked| {
                waiting(alipay, move |alipay| mapi_refund::confirm(alipay, &asked, &ticket))
            }),
        )
        .method_not_allowed_fallback(async || not_allowed())
        .fallback(async || answer::text(StatusCode::NOT_FOUND, "not found"))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&alipay), admit))
        .layer(map_response(answer::with_headers))
        .with_state(alipay)
}

fn not_allowed() -> Response {
    answer::text(StatusCode::METHOD_NOT_ALLOWED, "only GET or POST: see the header Allow")
}

/// Keeps other sites out, and chooses the language.
async fn admit(State(alipay): Shared, request: Request, next: Next) -> Response {
    if let Err(refused) = alipay.settings.names.check(&request) {
        return refused.into_response();
    }
    // HEAD would be answered as GET, and a GET of the gateway does something.
    if request.method() != Method::GET && request.method() != Method::POST {
        return not_allowed();
    }
    Language::of(request.headers()).scope(next.run(request)).await
}

async fn ask_gateway(alipay: Shared, asked: Asked) -> Response {
    let faults = &alipay.settings.gateway;
    tokio::time::sleep(faults.delay).await;
    if faults.fails() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    }
    waiting(alipay, move |alipay| gateway::answer(alipay, &asked)).await
}

/// Answers on a thread that may wait: signing takes a millisecond, and the book's file is locked and synced.
async fn waiting(
    State(alipay): Shared,
    answer: impl FnOnce(&Alipay) -> Response + Send + 'static,
) -> Response {
    let language = Language::here();
    let answer = tokio::task::spawn_blocking(move || {
        alipay.close_in_time();
        language.within(|| answer(&alipay))
    });
    let failed = |_| answer::text(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error");
    answer.await.unwrap_or_else(failed)
}

//! Which path is answered by what, and who may ask.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use service::language::Language;

use super::request::{LONGEST_BODY, RawForm};
use super::{Alipay, answer, cashier, gateway, mapi_refund, trade_pages};

type Shared = State<Arc<Alipay>>;

/// The gateway takes GET and POST alike; pages are read with GET and change something with POST.
pub(super) fn router(alipay: Arc<Alipay>) -> Router {
    Router::new()
        .route(gateway::PATH, get(ask_gateway).post(ask_gateway))
        .route("/", get(|alipay: Shared| blocking(alipay, trade_pages::list)))
        .route("/cashier/{trade_no}", shown(cashier::page))
        .route("/cashier/{trade_no}/pay", submitted(cashier::pay))
        .route("/cashier/{trade_no}/leave", submitted(cashier::leave))
        .route("/trades/{trade_no}", shown(trade_pages::one))
        .route("/trades/{trade_no}/{step}", post(step))
        .route("/refund/{ticket}", shown(mapi_refund::page).merge(submitted(mapi_refund::confirm)))
        .method_not_allowed_fallback(async || not_allowed())
        .fallback(async || answer::text(StatusCode::NOT_FOUND, "not found"))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(from_fn_with_state(Arc::clone(&alipay), admit))
        .layer(map_response(service::page::with_headers))
        .with_state(alipay)
}

/// A page about what the path names.
fn shown(page: fn(&Alipay, &str) -> Response) -> MethodRouter<Arc<Alipay>> {
    get(move |alipay: Shared, Path(name): Path<String>| {
        blocking(alipay, move |alipay| page(alipay, &name))
    })
}

/// What a form does with what the path names.
fn submitted(act: fn(&Alipay, &str, &RawForm) -> Response) -> MethodRouter<Arc<Alipay>> {
    post(move |alipay: Shared, Path(name): Path<String>, form: RawForm| {
        blocking(alipay, move |alipay| act(alipay, &name, &form))
    })
}

async fn step(
    alipay: Shared,
    Path((trade_no, step)): Path<(String, String)>,
    form: RawForm,
) -> Response {
    blocking(alipay, move |alipay| trade_pages::act(alipay, &form, &trade_no, &step)).await
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

async fn ask_gateway(alipay: Shared, form: RawForm) -> Response {
    let faults = &alipay.settings.gateway;
    tokio::time::sleep(faults.delay).await;
    if faults.fails() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable");
    }
    blocking(alipay, move |alipay| gateway::answer(alipay, &form)).await
}

/// Answers on a blocking thread: signing takes a millisecond, and the store's file is locked and synced.
async fn blocking(
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

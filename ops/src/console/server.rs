//! The server: its limits, its addresses, and who may ask.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::handler::Handler as _;
use axum::http::header::{
    ALLOW, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, SET_COOKIE, X_FRAME_OPTIONS,
};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse as _, Response};
use service::http::{self, Limits};
use service::language::{self, Language, say};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::address::at;
use super::authentication::RequestSender;
use super::request::{Fields, LONGEST_FORM, refusal};
use super::right::Right;
use super::routes::Routes;
use super::user::{self, User};
use super::{
    Console, Shared, actions, activity, amendment, base_path, code, letter, letter_actions,
    letters, login, oidc, order, orders, page, pauses, product, products, results, review, reviews,
    status, stock_import, subscriptions, undelivered, verify, withdrawals,
};
use crate::failure::Failure;

/// A few operators with some pages each.
const LIMITS: Limits = Limits {
    connections: 128,
    head_bytes: 32 * 1024,
    head_time: Duration::from_secs(30),
    connection_age: Duration::MAX,
    stop_time: Duration::from_secs(5),
};

/// The longest address: filters and an order number have a few hundred bytes.
const LONGEST_ADDRESS: usize = 4 * 1024;

/// A page has its own style and forms that lead back here, and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

/// Serves until `shutdown` is cancelled; what is under way may end.
pub(crate) async fn serve(console: Console, listener: TcpListener, shutdown: CancellationToken) {
    let console = Arc::new(console);
    let watching = tokio::spawn(activity::watch(Arc::clone(&console)));
    http::serve(listener, shutdown, LIMITS, router(console)).await;
    watching.abort();
}

/// Every page and every form, with what it does.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/login", Right::LogIn, login::show)
        .post("/login", Right::LogIn, login::log_in)
        .post("/logout", Right::LogIn, login::log_out)
        .get(oidc::BEGIN, Right::LogIn, oidc::begin)
        .get(oidc::CALLBACK, Right::LogIn, oidc::finish)
        .get("/", Right::Look, status::show)
        .get("/orders", Right::Look, orders::show)
        .get("/orders/{id}", Right::Look, order::show)
        .post(orders::FIND_CODE, Right::SeeCodes, code::find)
        .get(undelivered::PATH, Right::Look, undelivered::show)
        .post("/orders/{id}/amend", Right::AmendOrder, amendment::act)
        .get("/dead-letters", Right::Look, letters::show)
        .post("/dead-letters", Right::MoveLetters, letter_actions::act)
        .get("/dead-letters/{id}", Right::Look, letter::show)
        .get("/reviews", Right::Look, reviews::show)
        .get("/reviews/{id}", Right::Look, review::show)
        .post("/reviews/{id}", Right::DecideReview, review::decide)
        .get("/products", Right::Look, products::show)
        .get("/products/{id}", Right::Look, product::show)
        .post(
            "/products/{id}/import",
            Right::ChangeStock,
            stock_import::import.layer(DefaultBodyLimit::max(stock_import::LONGEST_FORM)),
        )
        .post("/products/{id}/withdraw", Right::ChangeStock, withdrawals::take)
        .get(withdrawals::PATH, Right::Look, withdrawals::list)
        .get("/withdrawals/{id}", Right::Look, withdrawals::show)
        .post("/withdrawals/{id}", Right::ChangeStock, withdrawals::give_back)
        .get(subscriptions::PATH, Right::Look, subscriptions::show)
        .get("/pauses", Right::Look, pauses::show)
        .post("/pauses", Right::PauseWork, pauses::act)
        .get(verify::PATH, Right::Look, verify::show)
        .post(
            verify::PATH,
            Right::Look,
            verify::check.layer(DefaultBodyLimit::max(verify::LONGEST_FORM)),
        )
        .get("/actions", Right::Look, actions::show)
        .get("/results/{ticket}", Right::Look, results::show)
}

pub(super) fn router(console: Arc<Console>) -> Router {
    let base = console.config.console.base_path.clone();
    let pages = routes()
        .router
        .method_not_allowed_fallback(async || only("GET, HEAD"))
        .fallback(nowhere)
        .layer(DefaultBodyLimit::max(LONGEST_FORM))
        .layer(from_fn_with_state(Arc::clone(&console), page::framed))
        .layer(from_fn_with_state(Arc::clone(&console), admit))
        .with_state(console);
    // A layer runs when the route is chosen already, so what takes off the base path is around a router of its own.
    Router::new()
        .fallback_service(pages)
        .layer(from_fn(move |request, next| base_path::below(base.clone(), request, next)))
        .layer(map_response(with_policy))
        .layer(map_response(service::page::with_headers))
}

/// There is no such page, which nobody learns who is not logged in.
async fn nowhere(request: Request) -> Response {
    if User::here().is_none() {
        return login::wanted(&request);
    }
    let text = say("没有这个页面", "there is no such page");
    Failure::NotFound(text.to_owned()).into_response()
}

/// Another method is wanted.
fn only(methods: &'static str) -> Response {
    ([(ALLOW, methods)], refusal(StatusCode::METHOD_NOT_ALLOWED, methods)).into_response()
}

/// Keeps other sites out, finds out who asks, and chooses the language: the one that the address names, which the browser is
/// to keep, else the one that it kept or asks for.
async fn admit(State(console): Shared, request: Request, next: Next) -> Response {
    let accepted = Language::of(request.headers());
    if let Err(refused) = accepted.within(|| console.guard.check(&request)) {
        return refused.into_response();
    }
    if ![Method::GET, Method::HEAD, Method::POST].contains(request.method()) {
        return only("GET, HEAD, POST");
    }
    let (uri, query) = (request.uri(), request.uri().query().unwrap_or_default());
    if uri.path().len() + query.len() > LONGEST_ADDRESS {
        return refusal(StatusCode::URI_TOO_LONG, "the address is too long").into_response();
    }
    let query = Fields::read(query.as_bytes()).unwrap_or_default();
    let chosen = Language::of_tag(query.get(language::NAME));
    let sender = RequestSender::of(request.headers(), request.extensions());
    let user = console.authentication.user_of(sender, Instant::now());
    let answer = user::scope(user, next.run(request));
    let mut response = chosen.unwrap_or(accepted).scope(answer).await;
    let cookie = chosen.map(|chosen| HeaderValue::from_str(&chosen.cookie(&at("/"))));
    if let Some(Ok(cookie)) = cookie {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// Keeps pages out of the frames and windows of other sites, and everything from outside out of pages.
async fn with_policy(mut response: Response) -> Response {
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

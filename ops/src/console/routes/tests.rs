//! Every route, asked as each role.

use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, ORIGIN};
use config::{Config, Role};
use futures_util::future::join_all;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;

use super::super::server::{router, routes};
use super::super::verify;
use super::*;

const ROLES: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];
const REFUSED: &str = "your role may not do this";

/// What is expected of each route. One that is new needs a line here.
const EXPECTED: &[(Method, &str, Option<Role>)] = &[
    (Method::GET, "/login", None),
    (Method::POST, "/login", None),
    (Method::POST, "/logout", None),
    (Method::GET, "/login/oidc", None),
    (Method::GET, "/login/oidc/callback", None),
    (Method::GET, "/", Some(Role::Viewer)),
    (Method::GET, "/orders", Some(Role::Viewer)),
    (Method::GET, "/orders/{id}", Some(Role::Viewer)),
    (Method::POST, "/codes", Some(Role::Operator)),
    (Method::GET, "/undelivered", Some(Role::Viewer)),
    (Method::POST, "/orders/{id}/amend", Some(Role::Operator)),
    (Method::GET, "/dead-letters", Some(Role::Viewer)),
    (Method::POST, "/dead-letters", Some(Role::Operator)),
    (Method::GET, "/dead-letters/{id}", Some(Role::Viewer)),
    (Method::GET, "/reviews", Some(Role::Viewer)),
    (Method::GET, "/reviews/{id}", Some(Role::Viewer)),
    (Method::POST, "/reviews/{id}", Some(Role::Operator)),
    (Method::GET, "/products", Some(Role::Viewer)),
    (Method::GET, "/products/{id}", Some(Role::Viewer)),
    (Method::POST, "/products/{id}/import", Some(Role::Operator)),
    (Method::POST, "/products/{id}/withdraw", Some(Role::Operator)),
    (Method::GET, "/withdrawals", Some(Role::Viewer)),
    (Method::GET, "/withdrawals/{id}", Some(Role::Viewer)),
    (Method::POST, "/withdrawals/{id}", Some(Role::Operator)),
    (Method::GET, "/subscriptions", Some(Role::Viewer)),
    (Method::GET, "/pauses", Some(Role::Viewer)),
    (Method::POST, "/pauses", Some(Role::Operator)),
    (Method::GET, "/verify", Some(Role::Viewer)),
    (Method::POST, "/verify", Some(Role::Viewer)),
    (Method::GET, "/actions", Some(Role::Viewer)),
    (Method::GET, "/results/{ticket}", Some(Role::Viewer)),
];

/// A console with a login and no servers behind it.
fn console() -> Arc<Console> {
    let variables = [
        ("DATABASE_URL", "mysql://root:secret@127.0.0.1:1/nothing"),
        ("AMQP_URL", "amqp://guest:secret@127.0.0.1:1/%2f"),
        ("ALIPAY__CONSOLE__USER_HEADER", "X-User"),
        ("ALIPAY__CONSOLE__PROXIES", "10.0.0.1"),
    ];
    let config =
        Config::load_from(None, variables.map(|(name, value)| (name.into(), value.into())));
    Arc::new(Console::new(config.unwrap(), Vec::new(), false).unwrap())
}

/// The status and the text of an answer to a form or for a page, asked as this role.
async fn ask(
    console: &Arc<Console>,
    method: &Method,
    path: &str,
    role: Option<Role>,
) -> (StatusCode, String) {
    let mut request = Request::builder()
        .method(method)
        .uri(path.replace(['{', '}'], ""))
        .header(HOST, "localhost")
        .header(ORIGIN, "http://localhost")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    if let Some(role) = role {
        let id = console.authentication.sessions.begin("somebody", role, Instant::now());
        request = request.header(COOKIE, format!("alipay_console={id}"));
    }
    let service = TowerToHyperService::new(router(Arc::clone(console)));
    let response = service.call(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = response.status();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn every_route_has_its_least_role() {
    let table =
        routes().table.into_iter().map(|(method, path, act)| (method, path, act.least_role()));
    assert_eq!(table.collect::<Vec<_>>(), EXPECTED);
    for (method, path, least) in EXPECTED {
        // A login is for everybody, and what is pasted to be verified changes nothing.
        let changes = *method == Method::POST && !path.starts_with("/log") && *path != verify::PATH;
        assert!(
            !changes || *least >= Some(Role::Operator),
            "{path}: a viewer may change something"
        );
    }
}

#[tokio::test]
async fn a_route_answers_its_roles_and_no_other() {
    let console = console();
    let asked = EXPECTED.iter().flat_map(|route| ROLES.map(|role| as_role(&console, route, role)));
    join_all(asked).await;
    for (method, path, least) in EXPECTED {
        let (status, body) = ask(&console, method, path, None).await;
        let asked_to_log_in =
            status == StatusCode::SEE_OTHER || body.contains("Log in and do it again");
        assert_eq!(asked_to_log_in, least.is_some(), "{method} {path} as nobody: {status} {body}");
    }
}

/// Asks as a role. Whether there is an order of the number, and a database, is another matter.
async fn as_role(
    console: &Arc<Console>,
    (method, path, least): &(Method, &str, Option<Role>),
    role: Role,
) {
    let (status, body) = ask(console, method, path, Some(role)).await;
    let refused = status == StatusCode::FORBIDDEN && body.contains(REFUSED);
    assert_eq!(refused, *least > Some(role), "{method} {path} as {role}: {status} {body}");
}

//! The table of routes. Each names what it does, and who may not is refused before its handler runs: a route cannot be
//! added without.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};
use maud::html;
use service::language::say;

use super::Console;
use super::login;
use super::page::Page;
use super::right::{Right, role_words};
use super::user::{self, User};

/// Routes, and what each does.
pub(super) struct Routes {
    pub(super) router: Router<Arc<Console>>,
    /// Every route, for the test that asks each as each role.
    pub(super) table: Vec<(Method, &'static str, Right)>,
}

impl Routes {
    pub(super) fn new() -> Routes {
        Routes { router: Router::new(), table: Vec::new() }
    }

    /// A page.
    pub(super) fn get<H, T>(self, path: &'static str, act: Right, page: H) -> Routes
    where
        H: Handler<T, Arc<Console>>,
        T: 'static,
    {
        self.add(Method::GET, path, act, get(page))
    }

    /// Where a form is sent.
    pub(super) fn post<H, T>(self, path: &'static str, act: Right, receiver: H) -> Routes
    where
        H: Handler<T, Arc<Console>>,
        T: 'static,
    {
        self.add(Method::POST, path, act, post(receiver))
    }

    fn add(
        mut self,
        method: Method,
        path: &'static str,
        act: Right,
        handler: MethodRouter<Arc<Console>>,
    ) -> Routes {
        let guarded =
            handler.route_layer(from_fn(move |request, next| only_who_may(act, request, next)));
        self.router = self.router.route(path, guarded);
        self.table.push((method, path, act));
        self
    }
}

async fn only_who_may(act: Right, request: Request, next: Next) -> Response {
    match User::here() {
        _ if user::may(act) => next.run(request).await,
        None => login::wanted(&request),
        Some(user) => refused(&user).into_response(),
    }
}

fn refused(user: &User) -> Page {
    let body = html! {
        div.box.bad role="alert" {
            (say("您的角色不能执行此操作，未执行。角色：", "Nothing was done: your role may not do this. Your role: "))
            b { (role_words(user.role)) }
        }
    };
    Page { status: StatusCode::FORBIDDEN, ..Page::new(say("没有权限", "Not allowed"), body) }
}

#[cfg(test)]
mod tests;

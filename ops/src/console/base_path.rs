//! The path below which a proxy shows the console: it is taken off here, and [`at`] puts it on.

use axum::extract::Request;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::address::at;
use super::request::refusal;

/// Takes the base path off an address; nothing outside it is the console's.
pub(super) async fn below(base: String, mut request: Request, next: Next) -> Response {
    match path_below(&base, request.uri()) {
        Some(inside) => {
            *request.uri_mut() = inside;
            next.run(request).await
        }
        // Who leaves out the path, or the `/` behind it.
        None if request.method() != Method::POST
            && ["/", base.as_str()].contains(&request.uri().path()) =>
        {
            Redirect::to(&at("/")).into_response()
        }
        None => {
            let why = format!("the console is at {} (console.base_path)", at("/"));
            refusal(StatusCode::NOT_FOUND, why).into_response()
        }
    }
}

/// The address without the base path; `None` outside it.
fn path_below(base: &str, uri: &Uri) -> Option<Uri> {
    let inside = uri.path_and_query()?.as_str().strip_prefix(base)?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(inside.parse().ok().filter(|_| inside.starts_with('/'))?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::path_below;

    #[test]
    fn only_what_is_below_the_path_is_ours() {
        let below = |base: &str, address: &str| {
            path_below(base, &address.parse().unwrap()).map(|uri| uri.to_string())
        };
        for (address, inside) in [
            ("/alipay/", Some("/")),
            ("/alipay/orders/A%2F1?q=%25", Some("/orders/A%2F1?q=%25")),
            ("/alipay/alipay/x", Some("/alipay/x")),
            ("/alipay//evil.example", Some("//evil.example")),
            ("/alipay", None),
            ("/alipay?q=1", None),
            ("/alipayx/", None),
            ("/orders", None),
            ("/", None),
        ] {
            assert_eq!(below("/alipay", address).as_deref(), inside, "{address}");
        }
        assert_eq!(below("", "/orders?q=1").as_deref(), Some("/orders?q=1"));
        assert_eq!(below("", "*"), None);
    }
}

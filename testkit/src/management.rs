//! Vhosts by RabbitMQ's management HTTP API.
//!
//! `PUT /api/vhosts/NAME`, `PUT /api/permissions/NAME/USER` and `DELETE /api/vhosts/NAME`, each one
//! request.

use std::io::{Error, Result};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::http;
use crate::server_url::ServerUrl;

/// Everything, in a vhost.
const ALL: &str = r#"{"configure":".*","write":".*","read":".*"}"#;

/// Makes a vhost in which `user` may do everything. `name` needs no escaping.
pub(crate) fn create_vhost(admin: &ServerUrl, name: &str, user: &str) -> Result<()> {
    request(admin, "PUT", &format!("/api/vhosts/{name}"), "")?;
    request(admin, "PUT", &format!("/api/permissions/{name}/{user}"), ALL)
}

/// Makes a user that may do everything in a vhost. `vhost`, `name` and `password` need no escaping.
pub(crate) fn create_user(
    admin: &ServerUrl,
    vhost: &str,
    name: &str,
    password: &str,
) -> Result<()> {
    let body = format!(r#"{{"password":"{password}","tags":""}}"#);
    request(admin, "PUT", &format!("/api/users/{name}"), &body)?;
    request(admin, "PUT", &format!("/api/permissions/{vhost}/{name}"), ALL)
}

/// Removes a user.
pub(crate) fn delete_user(admin: &ServerUrl, name: &str) -> Result<()> {
    request(admin, "DELETE", &format!("/api/users/{name}"), "")
}

/// Removes a vhost with its queues; clients that are connected to it are disconnected.
pub(crate) fn delete_vhost(admin: &ServerUrl, name: &str) -> Result<()> {
    request(admin, "DELETE", &format!("/api/vhosts/{name}"), "")
}

fn request(admin: &ServerUrl, method: &str, path: &str, body: &str) -> Result<()> {
    let login = STANDARD.encode(format!("{}:{}", admin.user, admin.password));
    let login = format!("Basic {login}");
    let headers = [("Authorization", login.as_str()), ("Content-Type", "application/json")];
    let url = format!("http://{}:{}{path}", admin.host, admin.port);
    let answer = http::request(method, &url, &headers, body)?;
    if (200..300).contains(&answer.status) {
        return Ok(());
    }
    Err(Error::other(format!(
        "{method} {path} was answered with {} {}",
        answer.status, answer.body
    )))
}

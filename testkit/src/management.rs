//! Vhosts by RabbitMQ's management HTTP API.
//!
//! `PUT /api/vhosts/NAME`, `PUT /api/permissions/NAME/USER` and `DELETE /api/vhosts/NAME`, each one
//! HTTP/1.1 request with `Connection: close`.

use std::io::{Error, Read, Result, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::server_url::ServerUrl;

/// How long one request may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Makes a vhost in which `user` may do everything. `name` needs no escaping.
pub(crate) fn create_vhost(admin: &ServerUrl, name: &str, user: &str) -> Result<()> {
    request(admin, "PUT", &format!("/api/vhosts/{name}"), "")?;
    let all = r#"{"configure":".*","write":".*","read":".*"}"#;
    request(admin, "PUT", &format!("/api/permissions/{name}/{user}"), all)
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
    let all = r#"{"configure":".*","write":".*","read":".*"}"#;
    request(admin, "PUT", &format!("/api/permissions/{vhost}/{name}"), all)
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
    let mut stream = TcpStream::connect((admin.host.as_str(), admin.port))?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    let login = STANDARD.encode(format!("{}:{}", admin.user, admin.password));
    let text = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}:{}\r\nAuthorization: Basic {login}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        admin.host,
        admin.port,
        body.len()
    );
    stream.write_all(text.as_bytes())?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split_whitespace().nth(1).unwrap_or_default();
    if status.starts_with('2') {
        return Ok(());
    }
    let reason = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Err(Error::other(format!("{method} {path} was answered with {status} {reason}")))
}

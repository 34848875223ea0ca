//! Sending a bulletin to a channel: one file for each kind with its format.

mod dingtalk;
mod feishu;
mod mail;
mod serverchan;
mod webhook;
mod wecom;

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use config::{Channel, ChannelKind};
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, StatusCode};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::time::timeout;
use url::Url;

use super::notice::{Bulletin, Notice};
use crate::operations::http_client::answer_to;

/// How long a channel may take to answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// How long a mail may take: a dozen answers, and some servers greet late on purpose.
const MAIL_TIME: Duration = Duration::from_secs(30);
/// The largest answer, in bytes.
const LONGEST_ANSWER: usize = 64 * 1024;
/// The most characters of an error that a channel answered.
const LONGEST_ERROR: usize = 200;
/// A part of an address that is shorter is no token.
const SHORTEST_TOKEN: usize = 8;

/// A request over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Post {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: Value,
}

/// How many of the notices, from the first one on, fit into one message of the channel; at least one.
pub(crate) fn fitting(channel: &Channel, notices: &[Notice]) -> usize {
    let Some(most) = most_bytes(channel.kind) else { return notices.len() };
    let fits = |count: &usize| {
        let bulletin = Bulletin { notices: &notices[..*count], language: channel.language };
        super::markup::markdown(&bulletin).len() <= most
    };
    (2..=notices.len()).take_while(fits).last().unwrap_or(1).min(notices.len())
}

/// What a message may hold, with room for its frame and mentions.
fn most_bytes(kind: ChannelKind) -> Option<usize> {
    match kind {
        // 20,000 bytes of a message.
        ChannelKind::Dingtalk => Some(15_000),
        // A request of 20 KiB.
        ChannelKind::Feishu => Some(12_000),
        // 4,096 bytes of Markdown.
        ChannelKind::Wecom => Some(3_600),
        // 32 KiB of text.
        ChannelKind::Serverchan => Some(28_000),
        ChannelKind::Mail | ChannelKind::Webhook => None,
    }
}

/// Sends.
///
/// # Errors
/// Why the channel did not take it. The text holds no token and no secret.
pub(crate) async fn send(
    channel: &Channel,
    bulletin: &Bulletin<'_>,
    at: DateTime<Utc>,
) -> Result<(), String> {
    let attempt = async {
        match post(channel, bulletin, at)? {
            Some(post) => {
                let (status, body) = answer(post).await?;
                accepted(channel.kind, status, &body)
            }
            None => mail::send(channel, bulletin, at).await,
        }
    };
    let most = if channel.kind == ChannelKind::Mail { MAIL_TIME } else { ANSWER_TIME };
    let sent = timeout(most, attempt).await;
    let sent = sent.unwrap_or_else(|_| Err(format!("no answer within {} s", most.as_secs())));
    sent.map_err(|why| without_secrets(channel, &why))
}

/// The request of a channel over HTTP.
fn post(
    channel: &Channel,
    bulletin: &Bulletin<'_>,
    at: DateTime<Utc>,
) -> Result<Option<Post>, String> {
    Ok(Some(match channel.kind {
        ChannelKind::Dingtalk => dingtalk::post(channel, bulletin, at),
        ChannelKind::Feishu => feishu::post(channel, bulletin, at),
        ChannelKind::Wecom => wecom::post(channel, bulletin),
        ChannelKind::Serverchan => serverchan::post(channel, bulletin),
        ChannelKind::Webhook => webhook::post(channel, bulletin, at)?,
        ChannelKind::Mail => return Ok(None),
    }))
}

async fn answer(post: Post) -> Result<(StatusCode, Bytes), String> {
    let mut request =
        Request::post(&post.url).header(CONTENT_TYPE, "application/json; charset=utf-8");
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    let body = Full::new(Bytes::from(post.body.to_string()));
    answer_to(request.body(body).map_err(|error| error.to_string())?, LONGEST_ANSWER).await
}

/// Whether the channel says that it took the message. Robots answer 200 to what they refuse, and say so in the body.
fn accepted(kind: ChannelKind, status: StatusCode, body: &[u8]) -> Result<(), String> {
    let (code, message) = match kind {
        ChannelKind::Dingtalk | ChannelKind::Wecom => ("errcode", "errmsg"),
        ChannelKind::Feishu => ("code", "msg"),
        ChannelKind::Serverchan => ("code", "message"),
        ChannelKind::Webhook | ChannelKind::Mail => {
            return match status.is_success() {
                true => Ok(()),
                false => Err(format!("status {}", status.as_u16())),
            };
        }
    };
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    match answer.get(code).and_then(Value::as_i64) {
        Some(0) if status.is_success() => Ok(()),
        Some(number) => {
            let said = answer.get(message).and_then(Value::as_str).unwrap_or_default();
            Err(format!("{code} {number}: {said}"))
        }
        None => Err(format!("status {}, and no {code} in the answer", status.as_u16())),
    }
}

/// An error as it may be logged and told: short, on one line, without what the address and the secret hold.
fn without_secrets(channel: &Channel, why: &str) -> String {
    let hidden = secrets(channel)
        .iter()
        .fold(why.to_owned(), |why, secret| why.replace(secret.as_str(), "[secret]"));
    let short: String = hidden.chars().take(LONGEST_ERROR).collect();
    service::invisible::escaped(&short).into_owned()
}

/// What must not be shown: the secret, the password, and every part of the address that can be a token. The host is none,
/// and says which server it was.
fn secrets(channel: &Channel) -> Vec<String> {
    let secret = channel.secret.as_ref().map(|secret| secret.expose_secret().to_owned());
    let mut secrets: Vec<String> = secret.into_iter().collect();
    if let Ok(url) = Url::parse(channel.url.expose_secret()) {
        let of_address = [url.path(), url.query().unwrap_or_default()];
        let parts = of_address.into_iter().flat_map(|text| text.split(['/', '&', '=', '.']));
        secrets.extend(parts.filter(|it| it.len() >= SHORTEST_TOKEN).map(str::to_owned));
        let password = url.password().unwrap_or_default();
        let decoded = percent_decode_str(password).decode_utf8_lossy();
        secrets.extend([password.to_owned(), decoded.into_owned()]);
    }
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

/// HMAC-SHA256 in base64.
fn signature(key: &[u8], text: &[u8]) -> String {
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text))
}

#[cfg(test)]
mod tests;

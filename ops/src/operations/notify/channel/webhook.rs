//! A webhook of one's own, signed as <https://www.standardwebhooks.com> says, so a receiver finds a library. What is in the
//! body: `docs/notify.md`.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, SecondsFormat, Utc};
use config::{Channel, WEBHOOK_SECRET};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Post, signature};
use crate::operations::notify::notice::{Bulletin, Notice, Told};

/// # Errors
/// The secret is none of this form.
pub(super) fn post(
    channel: &Channel,
    bulletin: &Bulletin<'_>,
    at: DateTime<Utc>,
) -> Result<Post, String> {
    let alarms: Vec<Value> = bulletin.notices.iter().map(alarm).collect();
    let body = json!({ "type": "alarms", "timestamp": time(at), "data": { "alarms": alarms } });
    let (id, timestamp) = (id(bulletin), at.timestamp());
    let mut headers =
        vec![("webhook-id", id.clone()), ("webhook-timestamp", timestamp.to_string())];
    if let Some(secret) = &channel.secret {
        let key = secret
            .expose_secret()
            .strip_prefix(WEBHOOK_SECRET)
            .and_then(|key| STANDARD.decode(key).ok());
        let key = key.ok_or_else(|| format!("the secret is not {WEBHOOK_SECRET} and base64"))?;
        let signed = format!("{id}.{timestamp}.{body}");
        headers.push(("webhook-signature", format!("v1,{}", signature(&key, signed.as_bytes()))));
    }
    Ok(Post { url: channel.url.expose_secret().to_owned(), headers, body })
}

/// The same for the same alarms, so that a receiver can know a repeat.
fn id(bulletin: &Bulletin<'_>) -> String {
    let alarm =
        |Notice { kind, told, .. }: &Notice| json!([told.cause, kind, told.at.timestamp_micros()]);
    let alarms: Value = bulletin.notices.iter().map(alarm).collect();
    let digest = Sha256::digest(alarms.to_string());
    format!("alarm_{}", URL_SAFE_NO_PAD.encode(digest))
}

fn alarm(Notice { kind, urgency, told }: &Notice) -> Value {
    let Told { cause, words, link, since, at } = told;
    json!({
        "cause": cause,
        "kind": kind,
        "urgency": urgency,
        "title": words.title,
        "seen": words.seen,
        "to_do": words.to_do,
        "link": link,
        "since": time(*since),
        "at": time(*at),
    })
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

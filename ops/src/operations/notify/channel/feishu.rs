//! A custom bot of a Feishu (Lark) group: <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>.

use chrono::{DateTime, Utc};
use config::Channel;
use serde_json::{Value, json};
use service::language::Language;

use super::{Post, signature};
use crate::operations::notify::notice::{Bulletin, Paragraph};
use crate::operations::notify::words;

/// A rich text: its parts have tags, so no text in it means anything. The signature counts for an hour; its key is time and
/// secret, and what is signed is empty.
pub(super) fn post(channel: &Channel, bulletin: &Bulletin<'_>, at: DateTime<Utc>) -> Post {
    let text = |text: String| json!([{ "tag": "text", "text": text }]);
    let mut lines: Vec<Value> = Vec::new();
    for Paragraph { heading, lines: under, link } in bulletin.paragraphs() {
        lines.push(text(heading));
        lines.extend(under.into_iter().map(text));
        if let Some(link) = link {
            let words = words::open_console(bulletin.language);
            lines.push(json!([{ "tag": "a", "text": words, "href": link }]));
        }
    }
    if !channel.mention.is_empty() {
        let named = channel.mention.iter().map(|person| json!({ "tag": "at", "user_id": person }));
        lines.push(named.collect());
    }
    let locale = match bulletin.language {
        Language::Chinese => "zh_cn",
        Language::English => "en_us",
    };
    let mut body = json!({
        "msg_type": "post",
        "content": { "post": { locale: { "title": bulletin.subject(), "content": lines } } },
    });
    if let Some(secret) = &channel.secret {
        let timestamp = at.timestamp();
        let key = format!("{timestamp}\n{}", secret.expose_secret());
        body["timestamp"] = timestamp.to_string().into();
        body["sign"] = signature(key.as_bytes(), b"").into();
    }
    Post { url: channel.url.expose_secret().to_owned(), headers: Vec::new(), body }
}

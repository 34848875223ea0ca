//! A robot of a WeCom group: <https://developer.work.weixin.qq.com/document/path/91770>.

use config::Channel;
use serde_json::json;

use super::Post;
use crate::operations::notify::markup::{literal, markdown};
use crate::operations::notify::notice::Bulletin;

/// In Markdown a person is named by `<@userid>`.
pub(super) fn post(channel: &Channel, bulletin: &Bulletin<'_>) -> Post {
    let named: String =
        channel.mention.iter().map(|user| format!("<@{}>", literal(user))).collect();
    let content = format!("{}\n{named}", markdown(bulletin));
    let body = json!({ "msgtype": "markdown", "markdown": { "content": content.trim_end() } });
    Post { url: channel.url.expose_secret().to_owned(), headers: Vec::new(), body }
}

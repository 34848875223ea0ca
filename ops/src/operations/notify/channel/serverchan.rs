//! Server酱, by both of its services: <https://sct.ftqq.com/sendkey> (`https://sctapi.ftqq.com/SENDKEY.send`) and
//! <https://doc.sc3.ft07.com> (`https://UID.push.ft07.com/send/SENDKEY.send`).

use config::Channel;
use serde_json::json;

use super::Post;
use crate::operations::notify::markup::markdown;
use crate::operations::notify::notice::Bulletin;

/// The most characters of a title.
const LONGEST_TITLE: usize = 32;

/// A title, and Markdown as its description.
pub(super) fn post(channel: &Channel, bulletin: &Bulletin<'_>) -> Post {
    let title: String = bulletin.subject().chars().take(LONGEST_TITLE).collect();
    let body = json!({ "title": title, "desp": markdown(bulletin) });
    Post { url: channel.url.expose_secret().to_owned(), headers: Vec::new(), body }
}

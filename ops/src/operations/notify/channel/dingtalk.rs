//! A custom robot of a DingTalk group: <https://open.dingtalk.com/document/orgapp/custom-robots-send-group-messages>, and
//! its signature: <https://open.dingtalk.com/document/orgapp/customize-robot-security-settings>.

use chrono::{DateTime, Utc};
use config::Channel;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::{Post, signature};
use crate::operations::notify::markup::{literal, markdown};
use crate::operations::notify::notice::Bulletin;

/// The robot counts a signature for an hour. Its key is the secret, which is signed, too.
pub(super) fn post(channel: &Channel, bulletin: &Bulletin<'_>, at: DateTime<Utc>) -> Post {
    let mut url = channel.url.expose_secret().to_owned();
    if let Some(secret) = &channel.secret {
        let (secret, timestamp) = (secret.expose_secret(), at.timestamp_millis());
        let sign = signature(secret.as_bytes(), format!("{timestamp}\n{secret}").as_bytes());
        let sign = utf8_percent_encode(&sign, NON_ALPHANUMERIC);
        let separator = if url.contains('?') { '&' } else { '?' };
        url.push_str(&format!("{separator}timestamp={timestamp}&sign={sign}"));
    }
    // A person is named where the text has the number and the list, too.
    let named: String =
        channel.mention.iter().map(|mobile| format!(" @{}", literal(mobile))).collect();
    let text =
        format!("{}{}{named}", markdown(bulletin), if named.is_empty() { "" } else { "\n\n" });
    let body = json!({
        "msgtype": "markdown",
        "markdown": { "title": bulletin.subject(), "text": text },
        "at": { "atMobiles": channel.mention, "isAtAll": false },
    });
    Post { url, headers: Vec::new(), body }
}

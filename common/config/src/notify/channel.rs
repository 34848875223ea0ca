//! `[notify.channels.NAME]`: a way to tell people.

use serde::{Deserialize, Serialize};
use service::language::Language;
use strum::{Display, IntoStaticStr};

use super::Urgency;
use crate::console::is_provider_address;
use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::{self, Layers};
use crate::secret::{self, FoundSecret, Secret};
use crate::stray::SecretForm;

/// The most bytes of a channel's name: the column holds so many.
const LONGEST_NAME: usize = 64;

/// What the secret of a webhook begins with, as Standard Webhooks say; base64 follows.
pub const WEBHOOK_SECRET: &str = "whsec_";

/// What takes the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, IntoStaticStr, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChannelKind {
    /// A custom robot of a DingTalk group.
    Dingtalk,
    /// A custom bot of a Feishu (Lark) group.
    Feishu,
    /// A robot of a WeCom group.
    Wecom,
    /// Server酱, which pushes to WeChat or to its own app.
    Serverchan,
    /// Mail, by SMTP.
    Mail,
    /// JSON to an address of one's own, signed as Standard Webhooks say.
    Webhook,
}

/// The keys of `[notify.channels.NAME]`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table with kind and url")]
pub(super) struct ChannelKeys {
    kind: ChannelKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url_file: Option<LineText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret_file: Option<LineText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<LineText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    urgency: Option<LineText>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    mention: Vec<LineText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<LineText>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    to: Vec<LineText>,
}

/// A way to tell people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// What takes the messages.
    pub kind: ChannelKind,
    /// Where: an address with a token in it, or of mail the server with its account.
    pub url: Secret,
    /// Signs the messages, where the channel knows signatures.
    pub secret: Option<Secret>,
    /// The language of the messages.
    pub language: Language,
    /// The least urgent cause that is told here.
    pub urgency: Urgency,
    /// Whom a message names, as the channel knows people.
    pub mention: Vec<String>,
    /// Of mail, from whom and to whom.
    pub mail: Option<MailAddresses>,
}

/// From whom and to whom mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddresses {
    /// One address.
    pub from: String,
    /// One or several.
    pub to: Vec<String>,
}

impl ChannelKind {
    fn begins(self) -> &'static [&'static str] {
        match self {
            ChannelKind::Mail => &["smtps://", "smtp://"],
            ChannelKind::Webhook => &["https://", "http://"],
            _ => &["https://"],
        }
    }

    fn has_secret(self) -> bool {
        matches!(self, ChannelKind::Dingtalk | ChannelKind::Feishu | ChannelKind::Webhook)
    }

    fn can_mention(self) -> bool {
        matches!(self, ChannelKind::Dingtalk | ChannelKind::Feishu | ChannelKind::Wecom)
    }
}

pub(super) fn read(
    layers: &Layers,
    name: &str,
    keys: &ChannelKeys,
    language: Language,
) -> Result<Channel, ConfigError> {
    let path = |key: &str| format!("notify.channels.{name}.{key}");
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_name) {
        let problem = format!(
            "{name:?}: a name holds letters, digits, \"_\" and \"-\", 1 to {LONGEST_NAME} of them"
        );
        return Err(layers.invalid("notify.channels", problem));
    }
    let find = |key: &str, text: &Option<Secret>, file: &Option<LineText>| {
        if text.is_some() && file.is_some() {
            let problem = format!("set together with {}_file: keep one of them", path(key));
            return Err(layers.invalid(&path(key), problem));
        }
        secret::find(layers, &path(key), text.as_ref(), file.as_ref(), SecretForm::Word)
    };
    let Some(url) = find("url", &keys.url, &keys.url_file)? else {
        return Err(layers::missing(&path("url"), "required: where messages go"));
    };
    let (kind, address) = (keys.kind, url.secret.expose_secret());
    // On this machine nobody is on the way.
    let is_here = kind != ChannelKind::Mail && is_provider_address(address);
    if !is_here && !kind.begins().iter().any(|begin| address.starts_with(begin)) {
        let problem = format!("does not begin with {}", kind.begins().join(" or "));
        return Err(layers.invalid(&url.path, problem));
    }
    let signs = find("secret", &keys.secret, &keys.secret_file)?;
    let is_whsec = |found: &&FoundSecret| found.secret.expose_secret().starts_with(WEBHOOK_SECRET);
    if kind == ChannelKind::Webhook && signs.as_ref().is_some_and(|it| !is_whsec(&it)) {
        let problem = format!("does not begin with {WEBHOOK_SECRET}: see docs/notify.md");
        return Err(layers.invalid(&path("secret"), problem));
    }
    if let Some(found) = signs.as_ref().filter(|_| !kind.has_secret()) {
        return Err(layers.invalid(&found.path, format!("a channel of kind {kind} has none")));
    }
    if !keys.mention.is_empty() && !kind.can_mention() {
        return Err(layers.invalid(&path("mention"), format!("a channel of kind {kind} has none")));
    }
    let or_default = |text: &Option<LineText>| match text {
        Some(tag) => super::language(layers, &path("language"), tag),
        None => Ok(language),
    };
    Ok(Channel {
        kind,
        secret: signs.map(|found| found.secret),
        language: or_default(&keys.language)?,
        urgency: match &keys.urgency {
            Some(word) => super::urgency(layers, &path("urgency"), word)?,
            None => Urgency::Soon,
        },
        mention: keys.mention.iter().map(|who| who.to_string()).collect(),
        mail: mail(layers, keys, path)?,
        url: url.secret,
    })
}

fn mail(
    layers: &Layers,
    keys: &ChannelKeys,
    path: impl Fn(&str) -> String,
) -> Result<Option<MailAddresses>, ConfigError> {
    match (keys.kind, &keys.from, keys.to.as_slice()) {
        (ChannelKind::Mail, Some(from), to @ [_, ..]) => Ok(Some(MailAddresses {
            from: from.to_string(),
            to: to.iter().map(|address| address.to_string()).collect(),
        })),
        (ChannelKind::Mail, None, _) => Err(layers::missing(&path("from"), "required for mail")),
        (ChannelKind::Mail, Some(_), []) => Err(layers::missing(&path("to"), "required for mail")),
        (_, None, []) => Ok(None),
        (kind, ..) => {
            let key = if keys.from.is_some() { "from" } else { "to" };
            Err(layers.invalid(&path(key), format!("a channel of kind {kind} has none")))
        }
    }
}

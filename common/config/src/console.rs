//! `[console]`: who may use the operators' pages, and for how long.

mod oidc;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr};

use crate::error::ConfigError;
use crate::field::{LineText, duration};
use crate::layers::Layers;
use crate::network::Network;
use crate::secret::Secret;
use oidc::OidcKeys;

pub use oidc::{OIDC_CALLBACK, Oidc, is_provider_address};

/// The most characters of a user's name: the columns hold so many.
const LONGEST_NAME: usize = 255;

/// What every password hash begins with.
const ARGON2ID: &str = "$argon2id$";

/// What a user of the console may do. A greater role may do all that a smaller one may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Display,
    IntoStaticStr,
    Deserialize,
    Serialize
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    /// Sees everything but what is worth money, and changes nothing.
    Viewer,
    /// Does the daily work: dead letters, reviews.
    Operator,
    /// For what cannot be taken back, and what sets rules for others. Nothing needs it yet.
    Admin,
}

/// The keys of `[console]`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a section [console]")]
pub(crate) struct ConsoleKeys {
    #[serde(with = "duration")]
    session: Duration,
    #[serde(with = "duration")]
    session_idle: Duration,
    base_path: LineText,
    #[serde(default)]
    users: BTreeMap<String, UserKeys>,
    user_header: Option<LineText>,
    #[serde(default)]
    proxies: Vec<Network>,
    default_role: Option<Role>,
    oidc: Option<OidcKeys>,
    public_url: Option<LineText>,
}

/// The keys of `[console.users.NAME]`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table with role and password")]
struct UserKeys {
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<Secret>,
    role: Role,
}

/// `[console]`: the operators' pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Console {
    /// The path of the pages at the address that browsers use, without its last `/`: empty, or such as `/alipay`.
    pub base_path: String,
    /// How long a login lasts.
    pub session: Duration,
    /// How long a login lasts without a request.
    pub session_idle: Duration,
    /// `[console.users.NAME]`, by name.
    pub users: BTreeMap<String, ConsoleUser>,
    /// The header in which a proxy names the user, lower case.
    pub user_header: Option<String>,
    /// The identity provider that logs users in.
    pub oidc: Option<Oidc>,
    /// The role of a user whom a proxy or the identity provider names and nothing else gives a role; `None`: such a user
    /// may do nothing.
    pub default_role: Option<Role>,
    /// Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` count.
    pub proxies: Vec<Network>,
    /// Where browsers reach the pages, without a slash at the end: links in messages begin with it.
    pub public_url: Option<String>,
}

/// A user of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleUser {
    /// The hash of the password as a PHC string of argon2id. `None`: only a proxy or an identity provider can say that it
    /// is this user.
    pub password: Option<Secret>,
    /// What the user may do.
    pub role: Role,
}

impl Console {
    /// Whether a person has to say who they are.
    pub fn has_login(&self) -> bool {
        !self.users.is_empty() || self.user_header.is_some() || self.oidc.is_some()
    }
}

pub(super) fn read(layers: &Layers, keys: &ConsoleKeys) -> Result<Console, ConfigError> {
    if keys.session < keys.session_idle {
        return Err(layers.invalid("console.session_idle", "is more than console.session"));
    }
    let users =
        keys.users.iter().map(|(name, user)| Ok((name.clone(), read_user(layers, name, user)?)));
    let users: BTreeMap<_, _> = users.collect::<Result<_, ConfigError>>()?;
    let user_header = user_header(layers, keys)?;
    let base_path = base_path(layers, &keys.base_path)?;
    let oidc = keys.oidc.as_ref().map(|keys| oidc::read(layers, keys, &base_path)).transpose()?;
    let is_named = user_header.is_some() || oidc.is_some();
    if keys.default_role.is_some() && !is_named {
        let problem = "needs console.user_header or [console.oidc]";
        return Err(layers.invalid("console.default_role", problem));
    }
    if !is_named && let Some((name, _)) = users.iter().find(|(_, user)| user.password.is_none()) {
        let problem = format!(
            "{name}: has no password, and neither console.user_header nor [console.oidc] is set: ops console-password \
             makes one"
        );
        return Err(layers.invalid("console.users", problem));
    }
    Ok(Console {
        base_path,
        session: keys.session,
        session_idle: keys.session_idle,
        users,
        user_header,
        oidc,
        default_role: keys.default_role,
        proxies: keys.proxies.clone(),
        public_url: public_url(layers, keys)?,
    })
}

/// Without its last `/`. Only characters that no address, cookie or page writes in another way.
fn base_path(layers: &Layers, path: &str) -> Result<String, ConfigError> {
    let base = path.strip_suffix('/').unwrap_or(path);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_segment =
        |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain);
    let is_path = base.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment));
    if !base.is_empty() && !is_path {
        let problem = "is no path such as \"/alipay\": letters, digits, - . _ ~ and / only";
        return Err(layers.invalid("console.base_path", problem));
    }
    Ok(base.to_owned())
}

/// Whether a name can be a user's: one line of at most 255 visible characters.
pub fn is_user_name(name: &str) -> bool {
    let is_visible = crate::stray::line(name).is_ok_and(|line| line == name);
    is_visible && !name.is_empty() && name.chars().count() <= LONGEST_NAME
}

fn read_user(layers: &Layers, name: &str, keys: &UserKeys) -> Result<ConsoleUser, ConfigError> {
    let invalid =
        |problem: &str| Err(layers.invalid("console.users", format!("{name:?}: {problem}")));
    if !is_user_name(name) {
        return invalid("a name is one line of visible characters");
    }
    match &keys.password {
        Some(hash) if !hash.expose_secret().starts_with(ARGON2ID) => invalid(
            "password is no hash of argon2id: make one with ops console-password, and never write the password itself",
        ),
        password => Ok(ConsoleUser { password: password.clone(), role: keys.role }),
    }
}

fn public_url(layers: &Layers, keys: &ConsoleKeys) -> Result<Option<String>, ConfigError> {
    let Some(address) = &keys.public_url else { return Ok(None) };
    let begins = address.starts_with("https://") || address.starts_with("http://");
    if !begins
        || !address.bytes().all(|byte| byte.is_ascii_graphic())
        || address.contains(['?', '#'])
    {
        let problem = "is not the address of the pages, such as \"https://console.example.com\"";
        return Err(layers.invalid("console.public_url", problem));
    }
    Ok(Some(address.trim_end_matches('/').to_owned()))
}

/// The header's name, lower case.
fn user_header(layers: &Layers, keys: &ConsoleKeys) -> Result<Option<String>, ConfigError> {
    let Some(header) = &keys.user_header else { return Ok(None) };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !header.bytes().all(is_name) {
        return Err(layers.invalid("console.user_header", "is no name of a header"));
    }
    if keys.proxies.is_empty() {
        let problem = "needs console.proxies, the addresses from which it is believed: everybody else could write it too";
        return Err(layers.invalid("console.user_header", problem));
    }
    Ok(Some(header.to_ascii_lowercase()))
}

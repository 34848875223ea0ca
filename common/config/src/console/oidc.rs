//! `[console.oidc]`: logins at a company's identity provider.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Role;
use crate::error::ConfigError;
use crate::field::LineText;
use crate::layers::Layers;
use crate::secret::{self, Secret};
use crate::stray::SecretForm;

const ISSUER: &str = "console.oidc.issuer";
const REDIRECT_URI: &str = "console.oidc.redirect_uri";
const SECRET: &str = "console.oidc.client_secret";

/// The keys of `[console.oidc]`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, expecting = "a table with issuer, client_id, client_secret and roles")]
pub(super) struct OidcKeys {
    issuer: LineText,
    client_id: LineText,
    client_secret: Option<Secret>,
    client_secret_file: Option<LineText>,
    redirect_uri: Option<LineText>,
    scope: Option<LineText>,
    name_claim: Option<LineText>,
    role_claim: Option<LineText>,
    #[serde(default)]
    roles: BTreeMap<String, Role>,
}

/// An identity provider (OpenID Connect).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Oidc {
    /// Its address, as its tokens say it.
    pub issuer: String,
    /// What it knows the console by.
    pub client_id: String,
    /// `None` for a public client.
    pub client_secret: Option<Secret>,
    /// Where the provider sends the browser back to, as it knows this address. `None`: the address that the browser asked for.
    pub redirect_uri: Option<String>,
    /// What is asked for, separated by spaces.
    pub scope: String,
    /// The claim with the user's name.
    pub name_claim: String,
    /// The claim with the user's groups.
    pub role_claim: String,
    /// The role of each group.
    pub roles: BTreeMap<String, Role>,
}

/// The end of the address to which the provider sends the browser back, behind the console's base path.
pub const OIDC_CALLBACK: &str = "/login/oidc/callback";

/// `base_path` as [`Console`](super::Console) has it.
pub(super) fn read(layers: &Layers, keys: &OidcKeys, base_path: &str) -> Result<Oidc, ConfigError> {
    if !is_provider_address(&keys.issuer) {
        return Err(
            layers.invalid(ISSUER, "does not begin with https:// (http:// only on this machine)")
        );
    }
    let callback = format!("{base_path}{OIDC_CALLBACK}");
    let is_callback = |uri: &str| {
        let host = uri.strip_suffix(&callback).and_then(|rest| rest.split_once("://"));
        host.is_some_and(|(scheme, host)| {
            ["https", "http"].contains(&scheme)
                && !host.is_empty()
                && !host.contains(['/', '?', '#'])
        })
    };
    if keys.redirect_uri.as_deref().is_some_and(|uri| !is_callback(uri)) {
        return Err(layers.invalid(REDIRECT_URI, format!("is not https://HOST{callback}")));
    }
    let (text, file) = (keys.client_secret.as_ref(), keys.client_secret_file.as_ref());
    if text.is_some() && file.is_some() {
        let problem = format!("set together with {SECRET}_file: keep one of them");
        return Err(layers.invalid(SECRET, problem));
    }
    let found = secret::find(layers, SECRET, text, file, SecretForm::Word)?;
    let or = |key: &Option<LineText>, default: &str| key.as_deref().unwrap_or(default).to_owned();
    Ok(Oidc {
        issuer: keys.issuer.to_owned(),
        client_id: keys.client_id.to_owned(),
        client_secret: found.map(|found| found.secret),
        redirect_uri: keys.redirect_uri.as_deref().map(str::to_owned),
        scope: or(&keys.scope, "openid profile email"),
        name_claim: or(&keys.name_claim, "preferred_username"),
        role_claim: or(&keys.role_claim, "groups"),
        roles: keys.roles.clone(),
    })
}

/// Whether nobody on the way can answer in the provider's place: by TLS, or on this machine.
pub fn is_provider_address(issuer: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"];
    let is_local = |begin: &&str| {
        issuer
            .strip_prefix(*begin)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    };
    issuer.starts_with("https://") || local.iter().any(is_local)
}

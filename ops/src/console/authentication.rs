//! Who asks: nobody is asked where no user is configured; else a session's cookie says it, or a trusted proxy's header.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use config::{Config, ConsoleUser, Network, Oidc, Peer, Role};
use service::http::PeerAddress;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::session::{self, Sessions};
use super::throttle::Throttle;
use super::user::User;
use crate::failure::Failure;
use crate::operations::password_hash;

/// Passwords that are compared at one time: each comparison takes memory and a core.
const COMPARISONS: usize = 2;

/// Logins of one user name that may fail: so many at once, then one in each pause. A stranger who knows a name can make its
/// owner wait that long.
const OF_A_NAME: (u32, Duration) = (5, Duration::from_secs(30));
/// The same of one address, behind which there can be an office.
const OF_AN_ADDRESS: (u32, Duration) = (20, Duration::from_secs(10));

/// What is recorded for a name that no user has.
pub(super) const NOBODY: &str = "(unknown)";

/// What a request says about its sender.
#[derive(Debug, Clone, Copy)]
pub(super) struct RequestSender<'a> {
    headers: &'a HeaderMap,
    peer: Option<IpAddr>,
}

impl<'a> RequestSender<'a> {
    pub(super) fn of(headers: &'a HeaderMap, extensions: &Extensions) -> RequestSender<'a> {
        let peer = extensions.get::<PeerAddress>().map(|PeerAddress(address)| address.ip());
        RequestSender { headers, peer }
    }
}

/// Who may use the console, and who does.
pub(super) struct Authentication {
    users: BTreeMap<String, ConsoleUser>,
    user_header: Option<String>,
    default_role: Option<Role>,
    has_login: bool,
    proxies: Vec<Network>,
    pub(super) sessions: Sessions,
    /// What the tokens of forms without a session are made of.
    secret: String,
    comparisons: Arc<Semaphore>,
    by_name: Throttle<String>,
    by_address: Throttle<Peer>,
    /// Logins that begin at the identity provider, which a link of any page can cause.
    begun_by_address: Throttle<Peer>,
}

impl Authentication {
    /// By `[console]`.
    ///
    /// # Errors
    /// [`Failure::Usage`]: a password is no hash.
    pub(super) fn new(config: &Config) -> Result<Authentication, Failure> {
        let console = &config.console;
        for (name, user) in &console.users {
            let Some(hash) = &user.password else { continue };
            password_hash::check_form(hash.expose_secret()).map_err(|problem| {
                Failure::Usage(format!(
                    "configuration: console.users.{name}.password: {problem}: make one with ops console-password"
                ))
            })?;
        }
        Ok(Authentication {
            users: console.users.clone(),
            user_header: console.user_header.clone(),
            default_role: console.default_role,
            has_login: console.has_login(),
            proxies: console.proxies.clone(),
            sessions: Sessions::new(console.session, console.session_idle),
            secret: session::random(),
            comparisons: Arc::new(Semaphore::new(COMPARISONS)),
            by_name: Throttle::new(OF_A_NAME.0, OF_A_NAME.1),
            by_address: Throttle::new(OF_AN_ADDRESS.0, OF_AN_ADDRESS.1),
            begun_by_address: Throttle::new(OF_AN_ADDRESS.0, OF_AN_ADDRESS.1),
        })
    }

    /// Whether a password can be typed.
    pub(super) fn has_passwords(&self) -> bool {
        self.users.values().any(|user| user.password.is_some())
    }

    /// The user who sends a request; `None` where nobody is logged in.
    pub(super) fn user_of(&self, sender: RequestSender<'_>, now: Instant) -> Option<User> {
        if !self.has_login {
            let (name, role) = (None, Role::Admin);
            return Some(User { name, role, token: self.secret.clone(), has_session: false });
        }
        if let Some(name) = self.named_by_proxy(sender) {
            let role = self.role_by_proxy(name)?;
            let token = self.token_of(name);
            return Some(User { name: Some(name.to_owned()), role, token, has_session: false });
        }
        let found = self.sessions.find(session::id_of(sender.headers)?, now)?;
        Some(User {
            name: Some(found.user),
            role: found.role,
            token: found.token,
            has_session: true,
        })
    }

    /// Whether the browser's side is encrypted, as a trusted proxy says.
    pub(super) fn is_https_by_proxy(&self, sender: RequestSender<'_>) -> bool {
        let is_https = sender.headers.get("x-forwarded-proto").is_some_and(|it| it == "https");
        is_https && self.is_from_proxy(sender)
    }

    /// The name in the header, where a trusted proxy wrote one. Two of them are none.
    fn named_by_proxy<'a>(&self, sender: RequestSender<'a>) -> Option<&'a str> {
        let header = self.user_header.as_ref().filter(|_| self.is_from_proxy(sender))?;
        let mut values = sender.headers.get_all(header).iter();
        let name = std::str::from_utf8(values.next()?.as_bytes()).ok()?.trim();
        (values.next().is_none() && config::is_user_name(name)).then_some(name)
    }

    /// The role of a user whom the proxy names: by the configuration, else the default.
    fn role_by_proxy(&self, name: &str) -> Option<Role> {
        self.users.get(name).map(|user| user.role).or(self.default_role)
    }

    /// The role of a user whom the identity provider names: by the configuration, else the greatest of the user's
    /// groups, else the default. Who has a password here is somebody else: at many providers users choose their names.
    pub(super) fn role_by_groups(
        &self,
        name: &str,
        oidc: &Oidc,
        groups: &[String],
    ) -> Option<Role> {
        let known = self.users.get(name);
        if known.is_some_and(|user| user.password.is_some()) {
            return None;
        }
        let known = known.map(|user| user.role);
        let of_groups = groups.iter().filter_map(|group| oidc.roles.get(group)).max().copied();
        known.or(of_groups).or(self.default_role)
    }

    fn is_from_proxy(&self, sender: RequestSender<'_>) -> bool {
        let is_proxy = |peer| self.proxies.iter().any(|proxy| proxy.contains(peer));
        sender.peer.is_some_and(is_proxy)
    }

    /// The token of a user without a session: nobody else can compute it, and it lives as long as the process.
    fn token_of(&self, name: &str) -> String {
        let digest = Sha256::new_with_prefix(&self.secret).chain_update(name).finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The address that a login counts for. `None` where many users may have it: a proxy that does not tell, or this
    /// machine.
    pub(super) fn client(&self, sender: RequestSender<'_>) -> Option<Peer> {
        let peer = sender.peer?;
        match self.is_from_proxy(sender) {
            true => Peer::of_request(peer, sender.headers, &self.proxies),
            false => Peer::connected(peer, &[]),
        }
    }

    /// The address that is recorded with a login: the proxy's or this machine's own where no other is known.
    pub(super) fn recorded_address(&self, parts: &Parts) -> Option<Peer> {
        let sender = RequestSender::of(&parts.headers, &parts.extensions);
        self.client(sender).or_else(|| sender.peer.map(Peer::of))
    }

    /// The address that a login counts for, of what is left of a request.
    pub(super) fn client_of(&self, parts: &Parts) -> Option<Peer> {
        self.client(RequestSender::of(&parts.headers, &parts.extensions))
    }

    /// Takes an attempt to log in at the identity provider, where the name is not known yet.
    ///
    /// # Errors
    /// There were too many: how long to wait.
    pub(super) fn take_begin(&self, client: Option<Peer>, now: Instant) -> Result<(), Duration> {
        client.map_or(Ok(()), |client| self.begun_by_address.take(&client, now))
    }

    /// That attempt was no failure.
    pub(super) fn give_back_begin(&self, client: Option<Peer>, now: Instant) {
        if let Some(client) = client {
            self.begun_by_address.give_back(&client, now);
        }
    }

    /// A name as it is recorded and logged: what nobody is called may be a password in the wrong field.
    pub(super) fn recorded_name<'a>(&self, name: &'a str) -> &'a str {
        if self.users.contains_key(name) { name } else { NOBODY }
    }

    /// Takes an attempt to log in of a name and an address.
    ///
    /// # Errors
    /// There were too many: how long to wait.
    pub(super) fn take_attempt(
        &self,
        name: &str,
        client: Option<Peer>,
        now: Instant,
    ) -> Result<(), Duration> {
        if let Some(client) = &client {
            self.by_address.take(client, now)?;
        }
        let taken = self.by_name.take(&name.to_owned(), now);
        if let (Err(_), Some(client)) = (taken, &client) {
            // Who keeps a name throttled uses up nothing of its owner's address.
            self.by_address.give_back(client, now);
        }
        taken
    }

    /// The attempt was no failure, and does not count.
    pub(super) fn give_back_attempt(&self, name: &str, client: Option<Peer>, now: Instant) {
        if let Some(client) = &client {
            self.by_address.give_back(client, now);
        }
        self.by_name.give_back(&name.to_owned(), now);
    }

    /// The role of the user with this name and password. An unknown name takes as long as a wrong password: the
    /// password is compared with another user's hash then.
    pub(super) async fn role_of(
        self: &Arc<Self>,
        name: String,
        password: String,
    ) -> Result<Option<Role>, Failure> {
        let cannot =
            |error: String| Failure::CouldNotAsk(format!("the password was not compared: {error}"));
        let turn = Arc::clone(&self.comparisons).acquire_owned().await;
        let turn = turn.map_err(|error| cannot(error.to_string()))?;
        let known = Arc::clone(self);
        // It goes on when the browser leaves, and keeps its permit until it ends.
        let compared = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            known.compare(&name, &password)
        });
        compared.await.map_err(|error| cannot(error.to_string()))
    }

    fn compare(&self, name: &str, password: &str) -> Option<Role> {
        let user = self.users.get(name).filter(|user| user.password.is_some());
        let other = || self.users.values().find(|user| user.password.is_some());
        let hash = user.or_else(other)?.password.as_ref()?;
        let is_password = password_hash::is_password(password, hash.expose_secret());
        user.filter(|_| is_password).map(|user| user.role)
    }
}

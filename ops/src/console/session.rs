//! Logins that last: kept in memory, so a restart ends all of them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::{COOKIE, HeaderValue};
use config::Role;
use parking_lot::Mutex;
use rand::RngExt as _;

use super::address::at;

/// The cookie that holds a session's id. Cookies do not tell ports apart, so the name is one that no neighbour has.
const COOKIE_NAME: &str = "alipay_console";

/// Sessions at one time. One more ends the one that was not used for the longest time.
const MOST: usize = 1024;

/// A login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) user: String,
    pub(super) role: Role,
    /// What the forms of this login hold.
    pub(super) token: String,
}

#[derive(Debug)]
struct KeptSession {
    session: Session,
    begun: Instant,
    used: Instant,
}

/// All logins, by the id that the browser keeps.
#[derive(Debug)]
pub(super) struct Sessions {
    kept: Mutex<HashMap<String, KeptSession>>,
    longest: Duration,
    longest_idle: Duration,
}

impl Sessions {
    /// None yet. A session lasts for `longest`, and for `longest_idle` without a request.
    pub(super) fn new(longest: Duration, longest_idle: Duration) -> Sessions {
        Sessions { kept: Mutex::default(), longest, longest_idle }
    }

    /// Begins one with a new id, which is returned.
    pub(super) fn begin(&self, user: &str, role: Role, now: Instant) -> String {
        let id = random();
        let session = Session { user: user.to_owned(), role, token: random() };
        let mut kept = self.kept.lock();
        kept.retain(|_, one| self.lives(one, now));
        if kept.len() >= MOST {
            let idlest = kept.iter().min_by_key(|(_, one)| one.used).map(|(id, _)| id.clone());
            idlest.and_then(|id| kept.remove(&id));
        }
        kept.insert(id.clone(), KeptSession { session, begun: now, used: now });
        id
    }

    /// The session with this id, which is used now.
    pub(super) fn find(&self, id: &str, now: Instant) -> Option<Session> {
        let mut kept = self.kept.lock();
        let one = kept.get_mut(id)?;
        if !self.lives(one, now) {
            kept.remove(id);
            return None;
        }
        one.used = now;
        Some(one.session.clone())
    }

    /// Ends the session with this id.
    pub(super) fn end(&self, id: &str) -> Option<Session> {
        self.kept.lock().remove(id).map(|one| one.session)
    }

    fn lives(&self, one: &KeptSession, now: Instant) -> bool {
        let since = |then| now.saturating_duration_since(then);
        since(one.begun) < self.longest && since(one.used) < self.longest_idle
    }
}

/// 256 random bits as text.
pub(super) fn random() -> String {
    let bits: [u128; 2] = rand::rng().random();
    format!("{:032x}{:032x}", bits[0], bits[1])
}

/// The id that the browser keeps.
pub(super) fn id_of(headers: &HeaderMap) -> Option<&str> {
    cookie_of(headers, COOKIE_NAME)
}

/// The value of a cookie.
pub(super) fn cookie_of<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs =
        values.flat_map(|value| value.split(';')).filter_map(|it| it.trim().split_once('='));
    pairs.find_map(|(name, id)| (name == wanted).then_some(id))
}

/// The value of `Set-Cookie` that has the browser keep an id until it is closed, or forget it. With `is_https` the
/// browser never sends it without encryption.
pub(super) fn cookie(id: Option<&str>, is_https: bool) -> Option<HeaderValue> {
    let (id, age) = match id {
        Some(id) => (id, ""),
        None => ("", "; Max-Age=0"),
    };
    let secure = if is_https { "; Secure" } else { "" };
    let path = at("/");
    HeaderValue::from_str(&format!(
        "{COOKIE_NAME}={id}; Path={path}; HttpOnly; SameSite=Strict{secure}{age}"
    ))
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn sessions() -> (Sessions, Instant) {
        (Sessions::new(HOUR * 12, HOUR), Instant::now())
    }

    #[test]
    fn a_session_ends_without_requests_and_after_its_time() {
        let (sessions, start) = sessions();
        let id = sessions.begin("wang", Role::Viewer, start);
        let minute = Duration::from_mins(1);
        assert_eq!(sessions.find(&id, start + HOUR - minute).unwrap().user, "wang");
        // Each request counts anew, up to the greatest age.
        for minutes in (50..12 * 60).step_by(50) {
            assert!(sessions.find(&id, start + minute * minutes).is_some(), "{minutes}");
        }
        assert!(sessions.find(&id, start + HOUR * 12).is_none());
        let id = sessions.begin("wang", Role::Viewer, start);
        assert!(sessions.find(&id, start + HOUR).is_none());
        assert!(sessions.find(&id, start).is_none(), "it came back");
    }

    #[test]
    fn ids_and_tokens_are_new_and_long() {
        let (sessions, start) = sessions();
        let [first, second] = [(); 2].map(|()| sessions.begin("wang", Role::Admin, start));
        assert_ne!(first, second);
        assert_eq!(first.len(), 64);
        let [one, other] = [&first, &second].map(|id| sessions.find(id, start).unwrap());
        assert_ne!(one.token, other.token);
        assert_eq!(sessions.end(&first), Some(one));
        assert!(sessions.find(&first, start).is_none() && sessions.find(&second, start).is_some());
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let (sessions, start) = sessions();
        let second = Duration::from_secs(1);
        let oldest = sessions.begin("oldest", Role::Viewer, start);
        let next = sessions.begin("next", Role::Viewer, start + second);
        for _ in 2..MOST {
            sessions.begin("many", Role::Viewer, start + second * 2);
        }
        assert!(sessions.find(&oldest, start + second * 3).is_some());
        sessions.begin("one more", Role::Viewer, start + second * 4);
        assert_eq!(sessions.kept.lock().len(), MOST);
        assert!(sessions.find(&oldest, start + second * 5).is_some(), "it was used last");
        assert!(sessions.find(&next, start + second * 5).is_none());
    }

    #[test]
    fn the_cookie_is_for_this_site_alone() {
        let text = |id, is_https| cookie(id, is_https).unwrap().to_str().unwrap().to_owned();
        assert_eq!(text(Some("1f"), false), "alipay_console=1f; Path=/; HttpOnly; SameSite=Strict");
        assert!(text(Some("1f"), true).ends_with("; Secure"));
        assert!(text(None, true).ends_with("; Secure; Max-Age=0"));
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("lang=en; alipay_console=1f"));
        assert_eq!(id_of(&headers), Some("1f"));
    }
}

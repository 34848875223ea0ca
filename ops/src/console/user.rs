//! The user whose request is being answered.

use config::Role;
use maud::{Markup, html};
use service::language::say;

use super::right::{Right, role_words};

tokio::task_local! {
    static USER: Option<User>;
}

/// Who asks.
#[derive(Debug, Clone)]
pub(super) struct User {
    /// `None` where nobody logs in: the name is typed with each act.
    pub(super) name: Option<String>,
    /// What the user may do.
    pub(super) role: Role,
    /// The token that the user's forms hold: see [`guard`](super::guard).
    pub(super) token: String,
    /// Whether the user has logged in here, and can log out.
    pub(super) has_session: bool,
}

impl User {
    /// The user of the request that is being answered; `None` where nobody is logged in.
    pub(super) fn here() -> Option<User> {
        USER.try_with(Clone::clone).ok().flatten()
    }
}

/// Answers a request of this user.
pub(super) async fn scope<T>(user: Option<User>, answer: impl Future<Output = T>) -> T {
    USER.scope(user, answer).await
}

/// Whether the user of this request may do this. A page shows no button that does not work.
pub(super) fn may(act: Right) -> bool {
    let role = USER.try_with(|user| user.as_ref().map(|user| user.role)).ok().flatten();
    match act.least_role() {
        None => true,
        Some(least) => role.is_some_and(|role| role >= least),
    }
}

/// What stands in place of buttons that the user may not use.
pub(super) fn may_not() -> Markup {
    let role = User::here().map(|user| role_words(user.role)).unwrap_or_default();
    html! { p.note { (say("您的角色不能执行此操作：", "Your role may not do this: ")) (role) } }
}

//! What a request does, and who may: the one table of the console's rights.

use config::Role;
use service::language::say;

/// What a route does. Every route of the console names one; see [`routes`](super::routes).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// Logs in, or logs out: for everybody.
    LogIn,
    /// Looks at a page.
    Look,
    /// Sees the codes that were delivered: whoever has one can use it.
    SeeCodes,
    /// Tries, replays or discards dead letters.
    MoveLetters,
    /// Decides a review.
    DecideReview,
    /// Amends the terms of an order, or confirms that another one does.
    AmendOrder,
    /// Imports codes, takes codes out, and puts them back.
    ChangeStock,
    /// Begins or ends a pause.
    PauseWork,
}

impl Right {
    /// The least role that may; `None`: also who is not logged in.
    pub(super) fn least_role(self) -> Option<Role> {
        match self {
            Right::LogIn => None,
            Right::Look => Some(Role::Viewer),
            Right::SeeCodes
            | Right::MoveLetters
            | Right::DecideReview
            | Right::AmendOrder
            | Right::ChangeStock
            | Right::PauseWork => Some(Role::Operator),
        }
    }
}

/// A role in the language of the page.
pub(super) fn role_words(role: Role) -> &'static str {
    match role {
        Role::Viewer => say("只读", "viewer"),
        Role::Operator => say("操作员", "operator"),
        Role::Admin => say("管理员", "admin"),
    }
}

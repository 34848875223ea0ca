//! Dead letters with the same cause.

use serde::Serialize;
use store::BeijingTime;
use store::dead_letter::LetterGroup;

/// Letters that died for the same reason with the same kind of error.
#[derive(Debug, Serialize)]
pub(crate) struct Group {
    pub(crate) reason: Option<String>,
    /// The error without what differs from letter to letter.
    pub(crate) fingerprint: String,
    pub(crate) letters: i64,
    /// How many orders they are about.
    pub(crate) orders: i64,
    pub(crate) first_died: Option<BeijingTime>,
    pub(crate) last_died: Option<BeijingTime>,
    /// Versions of the workers that gave them up.
    pub(crate) worker_versions: Vec<String>,
    /// The letter that died last.
    pub(crate) example: String,
}

impl From<LetterGroup> for Group {
    fn from(group: LetterGroup) -> Group {
        Group {
            reason: group.reason,
            fingerprint: group.fingerprint,
            letters: group.letters,
            orders: group.orders,
            first_died: group.first_died_at.map(BeijingTime),
            last_died: group.last_died_at.map(BeijingTime),
            worker_versions: group.worker_versions,
            example: group.example,
        }
    }
}

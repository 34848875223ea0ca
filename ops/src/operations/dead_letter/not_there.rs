//! Why a letter that was named does not exist.

use std::collections::BTreeSet;

use store::dead_letter::history;

use crate::operations::access::Access;

/// What to say of ids that no dead letter has: who replayed or discarded one of them, if that was written down.
pub(crate) fn not_there(access: &Access, ids: &BTreeSet<String>) -> String {
    let list: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut lines = vec![format!("there is no dead letter {}", list.join(", "))];
    // A hint only: without a database the answer is the same.
    if let Ok(mut database) = access.database_for_a_hint() {
        for id in ids {
            let found = history::list(&mut database, Some(id), 1);
            let Some(row) = found.ok().and_then(|rows| rows.into_iter().next()) else { continue };
            lines.push(format!("{id} was {} at {} by {}", row.action, row.done_at, row.done_by));
        }
    }
    lines.join("\n")
}

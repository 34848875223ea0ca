//! The second half of an amendment: the dead letters of the order go back to the workers.

use crate::failure::Failure;
use crate::operations::access::Access;
use crate::operations::dead_letter::replay_selected::{
    ReplayOptions, ReplayResult, replay_selected,
};
use crate::operations::order::amend::{ALL, letters_of};

/// Replays the letters that an amendment names, and waits for the workers; nothing where it names none, or where all that it
/// means have gone back before.
///
/// # Errors
/// As those of a replay. The order stays amended.
pub(crate) fn replay_amended(
    access: &Access,
    order: &str,
    replay: Option<&str>,
    by: &str,
    reason: &str,
) -> Result<Option<ReplayResult>, Failure> {
    service::crash_point!("ops.amended");
    let Some(replay) = replay else { return Ok(None) };
    let selected = letters_of(order, replay);
    if replay == ALL && selected.read(&mut *access.database()?)?.is_empty() {
        return Ok(None);
    }
    let (limit, note) = (usize::MAX, Some(reason));
    let options = ReplayOptions { limit, waits: true, ramp: None, by, note };
    replay_selected(access, &selected, &options).map(Some)
}

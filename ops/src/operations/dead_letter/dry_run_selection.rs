//! The letters that a dry run is about.

use queue::{Cluster, ReceivedMessage};

use super::earliest::Earliest;
use crate::failure::Failure;
use crate::operations::dead_queue::{Looked, look_at_letters};

/// Letters that are kept with their bodies, a few KB each: the most that one dry run takes.
pub(crate) const MAX_LETTERS: usize = 100_000;

/// Selected letters, the oldest first.
pub(crate) struct DryRunSelection {
    pub(crate) letters: Vec<ReceivedMessage>,
    /// How many are selected.
    pub(crate) meant: usize,
    pub(crate) looked: Looked,
}

impl DryRunSelection {
    /// Looks at all letters and keeps the `wanted`, at most `limit`.
    pub(crate) async fn read(
        cluster: &Cluster,
        limit: usize,
        mut wanted: impl FnMut(&ReceivedMessage) -> bool,
    ) -> Result<DryRunSelection, Failure> {
        let mut earliest =
            Earliest::new(limit.min(MAX_LETTERS), |a: &ReceivedMessage, b: &ReceivedMessage| {
                a.headers.first_seen.cmp(&b.headers.first_seen)
            });
        let looked = look_at_letters(cluster, u32::MAX, |received| {
            if wanted(&received) {
                earliest.add(received);
            }
        })
        .await?;
        let (letters, meant) = earliest.into_sorted();
        Ok(DryRunSelection { letters, meant, looked })
    }
}

//! `ops dlq list`

use clap::Args;
use queue::Cluster;
use tracing::warn;

use crate::context::Context;
use crate::dead_letter::filter::Filter;
use crate::dead_letter::group::{Group, group};
use crate::dead_letter::{self, DeadLetter};
use crate::dead_queue::DeadQueue;
use crate::failure::Failure;
use crate::output::{or_empty, table};

/// List dead letters, the one that died first first
///
/// With --group those that died for the same reason with the same kind of error are one line: numbers,
/// times and ids in the error are left out. Replay a group by its reason once its cause is gone.
///
/// Example: ops dlq list --group
/// Example: ops dlq list --reason total_mismatch --since 24h --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct List {
    /// Count what died of the same cause
    #[arg(long)]
    group: bool,
    #[command(flatten)]
    filter: Filter,
    /// The most to look at
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

impl List {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut letters = context.block_on(look(&context.broker()?, self.limit))?;
        letters.retain(|letter| self.filter.takes(letter));
        dead_letter::sort(&mut letters);
        if self.group {
            let groups = group(&letters);
            return context.output.print(&groups, || groups_table(&groups));
        }
        context.output.print(&letters, || letters_table(&letters))
    }
}

fn letters_table(letters: &[DeadLetter]) -> String {
    table(
        ["id", "died at", "reason", "order", "merchant", "attempts", "first seen", "error"],
        letters.iter().map(|letter| {
            [
                letter.id.clone(),
                or_empty(letter.died_at.as_ref()),
                or_empty(letter.reason.as_ref()),
                or_empty(letter.order.as_ref()),
                or_empty(letter.merchant.as_ref()),
                letter.attempts.to_string(),
                letter.first_seen.to_string(),
                or_empty(letter.error.as_ref()),
            ]
        }),
    )
}

fn groups_table(groups: &[Group]) -> String {
    table(
        ["letters", "orders", "reason", "error", "first died", "last died", "example"],
        groups.iter().map(|group| {
            [
                group.letters.to_string(),
                group.orders.to_string(),
                or_empty(group.reason.as_ref()),
                group.fingerprint.clone(),
                or_empty(group.first_died.as_ref()),
                or_empty(group.last_died.as_ref()),
                group.example.clone(),
            ]
        }),
    )
}

async fn look(cluster: &Cluster, limit: u32) -> Result<Vec<DeadLetter>, Failure> {
    let mut queue = DeadQueue::open(cluster).await?;
    let letters = queue.take(limit).await?.iter().map(DeadLetter::from).collect();
    if queue.ready() > limit {
        warn!(there = queue.ready(), limit, "there are more dead letters than the limit");
    }
    queue.close().await?;
    Ok(letters)
}

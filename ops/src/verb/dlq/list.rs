//! `ops dlq list`

use clap::Args;
use tracing::warn;

use crate::context::Context;
use crate::dead_letter::{self, DeadLetter};
use crate::dead_queue::DeadQueue;
use crate::failure::Failure;
use crate::output::{or_empty, table};

/// List dead letters, the one that died first first
///
/// Example: ops dlq list --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct List {
    /// The most to look at
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

impl List {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let letters = context.block_on(look(context.broker(), self.limit))?;
        context.output.print(&letters, || {
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
        })
    }
}

async fn look(url: &str, limit: u32) -> Result<Vec<DeadLetter>, Failure> {
    let mut queue = DeadQueue::open(url).await?;
    let mut letters = Vec::new();
    while letters.len() < limit as usize
        && let Some(received) = queue.next().await?
    {
        letters.push(DeadLetter::from(&received));
    }
    if queue.ready() > limit {
        warn!(there = queue.ready(), limit, "there are more dead letters than the limit");
    }
    queue.close().await?;
    dead_letter::sort(&mut letters);
    Ok(letters)
}

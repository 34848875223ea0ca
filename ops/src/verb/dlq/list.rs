//! `ops dlq list`

use clap::Args;
use tracing::{debug, warn};

use crate::context::Context;
use crate::dead_letter::earliest::Earliest;
use crate::dead_letter::filter::Filter;
use crate::dead_letter::group::{Group, Grouping};
use crate::dead_letter::{DeadLetter, by_death, look_up_orders};
use crate::dead_queue::DeadQueue;
use crate::failure::Failure;
use crate::output::{Table, or_empty};
use crate::terminal::short_id;

/// List dead letters, the one that died first first
///
/// With --group those that died for the same reason with the same kind of error are one line: numbers,
/// times and ids in the error are left out. Replay a group by its reason once its cause is gone.
///
/// All letters are looked at, however many there are; --limit is about what is printed. Letters that another
/// tool holds at this moment (a consumer, the management page) cannot be seen: it says so where it can be known.
/// A letter names an order also where there is no such order yet: ops order show says so.
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
    /// The most to list
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

impl List {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut groups = Grouping::default();
        let mut earliest = Earliest::new(self.limit as usize, by_death);
        context.block_on(async {
            let mut queue = DeadQueue::open(&context.broker()?).await?;
            let looked = queue
                .look(u32::MAX, |received| {
                    let letter = DeadLetter::from(&received);
                    if !self.filter.takes(&letter) {
                        return;
                    }
                    if self.group { groups.add(letter) } else { earliest.add(letter) }
                })
                .await;
            queue.close().await?;
            looked
        })?;
        let merchant = self.filter.merchant.as_deref();
        if self.group {
            let groups = groups.groups();
            context.check_filter(merchant, groups.len())?;
            return context.output.print(&groups, || groups_table(&groups));
        }
        let (mut letters, matching) = earliest.into_sorted();
        context.check_filter(merchant, matching)?;
        if matching > letters.len() {
            let listed = letters.len();
            warn!(
                "listed {listed} of {matching}: there are more dead letters than the limit (--limit)"
            );
        }
        // The letters are listed also while there is no database to ask.
        let asked = context
            .database_for_a_hint()
            .and_then(|mut database| Ok(look_up_orders(&mut database, &mut letters)?));
        if let Err(failure) = asked {
            debug!("whether the orders are there is not known: {failure}");
        }
        context.output.print(&letters, || letters_table(&letters))
    }
}

fn letters_table(letters: &[DeadLetter]) -> String {
    Table::new(
        ["id", "died at", "reason", "order", "merchant", "attempts", "first seen", "error"],
        letters.iter().map(|letter| {
            [
                short_id(&letter.id),
                or_empty(letter.died_at.as_ref()),
                or_empty(letter.reason.as_ref()),
                letter.order_told(),
                or_empty(letter.merchant.as_ref()),
                letter.attempts.to_string(),
                letter.first_seen.to_string(),
                or_empty(letter.error.as_ref()),
            ]
        }),
    )
    .spare(&["first seen", "attempts", "merchant"])
    .text()
}

fn groups_table(groups: &[Group]) -> String {
    Table::new(
        ["letters", "orders", "reason", "error", "first died", "last died", "example"],
        groups.iter().map(|group| {
            [
                group.letters.to_string(),
                group.orders.to_string(),
                or_empty(group.reason.as_ref()),
                group.fingerprint.clone(),
                or_empty(group.first_died.as_ref()),
                or_empty(group.last_died.as_ref()),
                short_id(&group.example),
            ]
        }),
    )
    .spare(&["first died", "orders"])
    .text()
}

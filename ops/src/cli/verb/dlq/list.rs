//! `ops dlq list`

use clap::Args;
use queue::ReceivedMessage;
use store::MysqlConnection;
use tracing::{debug, warn};

use super::filter::FilterArgs;
use crate::cli::context::Context;
use crate::cli::output::{Table, or_empty};
use crate::cli::terminal::short_id;
use crate::failure::Failure;
use crate::operations::dead_letter::earliest::Earliest;
use crate::operations::dead_letter::filter::Filter;
use crate::operations::dead_letter::group::{Group, Grouping};
use crate::operations::dead_letter::settled::settled;
use crate::operations::dead_letter::{DeadLetter, by_death, look_up_orders};
use crate::operations::dead_queue::DeadQueue;

/// Letters of which it is looked up whether they are settled.
const LOOKED_UP: usize = 2_000;

/// A letter with its message.
struct ListedLetter {
    letter: DeadLetter,
    received: ReceivedMessage,
}

/// List dead letters, the one that died first first
///
/// With --group those that died for the same reason with the same kind of error are one line: numbers,
/// times and ids in the error are left out. Replay a group by its reason once its cause is gone.
///
/// All letters are looked at, however many there are; --limit is about what is printed. Letters that another
/// tool holds at this moment (a consumer, the management page) cannot be seen: it says so where it can be known.
/// Under "settled" stands why nothing is left to do about a letter: in_books (what it says is known by now),
/// worked_on (the same message was worked on since), given_back (no order took the payment, and all of its money
/// is back), never_paid (no order took the trade, and it was closed unpaid). ops dlq discard --settled
/// discards exactly these.
///
/// A letter names an order also where there is no such order yet: ops order show says so.
///
/// Example: ops dlq list --group
/// Example: ops dlq list --reason total_mismatch --since 24h --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct LetterListArgs {
    /// Count what died of the same cause
    #[arg(long)]
    group: bool,
    #[command(flatten)]
    filter: FilterArgs,
    /// The most to list
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

impl LetterListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = Filter::from(self.filter);
        let mut groups = Grouping::default();
        let mut earliest =
            Earliest::new(self.limit as usize, |a: &ListedLetter, b: &ListedLetter| {
                by_death(&a.letter, &b.letter)
            });
        context.block_on(async {
            let mut queue = DeadQueue::open(&context.broker()?).await?;
            let looked = queue
                .look(u32::MAX, |received| {
                    let letter = DeadLetter::from(&received);
                    if !filter.takes(&letter) {
                        return;
                    }
                    match self.group {
                        true => groups.add(letter),
                        false => earliest.add(ListedLetter { letter, received }),
                    }
                })
                .await;
            queue.close().await?;
            looked
        })?;
        let merchant = filter.merchant.as_deref();
        if self.group {
            let groups = groups.groups();
            context.check_filter(merchant, groups.len())?;
            return context.output.print(&groups, || groups_table(&groups));
        }
        let (mut listed, matching) = earliest.into_sorted();
        context.check_filter(merchant, matching)?;
        if matching > listed.len() {
            let listed = listed.len();
            warn!(
                "listed {listed} of {matching}: there are more dead letters than the limit (--limit)"
            );
        }
        // The letters are listed also while there is no database to ask.
        let asked = context.database_for_a_hint().and_then(|mut database| {
            mark_settled(&mut database, context, &mut listed)?;
            Ok(database)
        });
        let mut letters: Vec<DeadLetter> = listed.into_iter().map(|listed| listed.letter).collect();
        let asked = asked.and_then(|mut database| Ok(look_up_orders(&mut database, &mut letters)?));
        if let Err(failure) = asked {
            debug!("whether the orders are there is not known: {failure}");
        }
        context.output.print(&letters, || letters_table(&letters))
    }
}

/// Notes why nothing is left to do about a letter, of the first [`LOOKED_UP`].
fn mark_settled(
    database: &mut MysqlConnection,
    context: &Context,
    listed: &mut [ListedLetter],
) -> Result<(), Failure> {
    if listed.len() > LOOKED_UP {
        warn!("whether a letter is settled is looked up for the first {LOOKED_UP} only");
    }
    for one in listed.iter_mut().take(LOOKED_UP) {
        one.letter.settled = settled(database, &context.config, &one.received)?;
    }
    Ok(())
}

fn letters_table(letters: &[DeadLetter]) -> String {
    Table::new(
        [
            "id",
            "died at",
            "reason",
            "order",
            "settled",
            "merchant",
            "attempts",
            "first seen",
            "error",
        ],
        letters.iter().map(|letter| {
            [
                short_id(&letter.id),
                or_empty(letter.died_at.as_ref()),
                or_empty(letter.reason.as_ref()),
                letter.order_told(),
                letter.settled.map(|it| it.as_str().to_owned()).unwrap_or_default(),
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

//! `ops dlq list`

use clap::Args;
use store::dead_letter::LetterSearch;

use super::filter::FilterArgs;
use crate::cli::context::Context;
use crate::cli::table::list;
use crate::cli::terminal::short_id;
use crate::failure::Failure;
use crate::operations::dead_letter::DeadLetter;
use crate::operations::dead_letter::group::Group;
use crate::operations::dead_letter::list::{groups, letters};

/// List dead letters, the oldest first
///
/// With --group, letters with the same reason and the same kind of error become one line; numbers, times and ids
/// in the error are left out. Once the cause is gone, replay a group by its reason.
///
/// It reads the rows of the letters, which workers write, and takes no letter out of the queue. --limit limits only what
/// is printed. When the queue has another number of letters than the rows it says so: `ops dlq sync` corrects them.
///
/// The column "settled" says why a letter needs no action: in_books (what it says is already known), worked_on
/// (the same message was processed since), given_back (no order accepted the payment, and all of it was
/// refunded), never_paid (no order accepted the trade, and it was closed unpaid). `ops dlq discard --settled`
/// discards exactly these.
///
/// A letter can name an order that does not exist yet: `ops order show` says so.
///
/// Example: ops dlq list --group
/// Example: ops dlq list --reason total_mismatch --since 24h --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct LetterListArgs {
    /// Count letters with the same cause as one line
    #[arg(long)]
    group: bool,
    #[command(flatten)]
    filter: Box<FilterArgs>,
    /// The most to list
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
}

impl LetterListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = LetterSearch::from(*self.filter);
        if self.group {
            let groups = groups(context, &filter)?;
            return context.output.print(&groups, || groups_table(&groups));
        }
        let letters = letters(context, &filter, self.limit as usize)?;
        context.output.print(&letters, || letters_table(&letters))
    }
}

fn letters_table(letters: &[DeadLetter]) -> String {
    list(letters)
        .column("id", |letter| short_id(&letter.id))
        .optional("died at", |letter| letter.died_at)
        .optional("reason", |letter| letter.reason.as_ref())
        .column("order", DeadLetter::order_text)
        .optional("settled", |letter| letter.settled)
        .optional("merchant", |letter| letter.merchant.as_ref())
        .optional("copies", |letter| Some(letter.copies).filter(|copies| *copies != 1))
        .column("attempts", |letter| letter.attempts)
        .column("first seen", |letter| letter.first_seen)
        .optional("error", |letter| letter.error.as_ref())
        .spare(&["first seen", "attempts", "merchant"])
        .text()
}

fn groups_table(groups: &[Group]) -> String {
    list(groups)
        .column("letters", |group| group.letters)
        .column("orders", |group| group.orders)
        .optional("reason", |group| group.reason.as_ref())
        .column("error", |group| &group.fingerprint)
        .optional("first died", |group| group.first_died)
        .optional("last died", |group| group.last_died)
        .column("example", |group| short_id(&group.example))
        .spare(&["first died", "orders"])
        .text()
}

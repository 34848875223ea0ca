//! `ops dlq discard`

use std::collections::{BTreeMap, BTreeSet};

use clap::Args;
use queue::ReceivedMessage;
use serde::Serialize;
use store::dead_letter::history::Action;

use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::dead_letter::claim::Settled;
use crate::operations::dead_letter::discard::discard;
use crate::operations::dead_letter::not_there::not_there;
use crate::operations::dead_letter::record::record;
use crate::operations::dead_letter::settled::settled;
use crate::operations::dead_letter::{DeadLetter, is_meant};

/// Throw dead letters away, with a reason that is kept
///
/// Who, when, why, and the whole letter go into the table dead_letter_audit before the letter is removed.
/// All copies of a message go together.
///
/// --settled discards all letters about which nothing is left to do (ops dlq list says why under "settled"), and
/// looks once more at each before it goes; --merchant narrows it.
///
/// Example: ops dlq discard MESSAGE_ID --reason "test order of 2026-11-20" --by ann
/// Example: ops dlq discard --settled --reason "the outage of 2026-11-20 is over" --by ann
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DiscardArgs {
    /// Their ids, as ops dlq list prints them; the first 12 characters are enough
    #[arg(value_name = "MESSAGE_ID", required_unless_present = "settled")]
    ids: Vec<String>,
    /// All about which nothing is left to do
    #[arg(long, conflicts_with = "ids")]
    settled: bool,
    /// With --settled: only this merchant's
    #[arg(long, value_name = "NAME", requires = "settled")]
    merchant: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Serialize)]
struct Discarded {
    /// Letters: an id stands for all its copies.
    discarded: usize,
    /// Ids of which there were several letters, and how many.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    copies: BTreeMap<String, usize>,
    /// With --settled: how many for which reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    settled: BTreeMap<Settled, usize>,
}

impl Discarded {
    fn text(&self) -> String {
        let mut lines = vec![format!("discarded {}", self.discarded)];
        lines.extend(self.settled.iter().map(|(why, count)| format!("{count}: {}", why.words())));
        lines.extend(self.copies.iter().map(|(id, copies)| format!("{id}: all {copies} copies")));
        lines.join("\n")
    }
}

impl DiscardArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let why = self.reason.trim();
        if why.is_empty() {
            return Err(Failure::Usage("--reason: say why".to_owned()));
        }
        let by = self.operator.name()?;
        let ids: BTreeSet<String> = self.ids.into_iter().collect();
        let mut missing = ids.clone();
        let mut result =
            Discarded { discarded: 0, copies: BTreeMap::new(), settled: BTreeMap::new() };
        let mut database = context.database()?;
        let mut looking = if self.settled { Some(context.database()?) } else { None };
        let (mut reasons, mut unknown) = (BTreeMap::new(), None);
        let wanted = |received: &ReceivedMessage| {
            let Some(looking) = &mut looking else {
                return ids.iter().any(|id| is_meant(id, &received.message_id));
            };
            let letter = DeadLetter::from(received);
            if unknown.is_some() || self.merchant.is_some() && letter.merchant != self.merchant {
                return false;
            }
            let looked =
                tokio::task::block_in_place(|| settled(looking, &context.config, received));
            match looked {
                Ok(Some(why)) => *reasons.entry(why).or_default() += 1,
                Ok(None) => return false,
                Err(error) => unknown = Some(error),
            }
            unknown.is_none()
        };
        let mut done = |round: &[&ReceivedMessage]| {
            tokio::task::block_in_place(|| {
                record(&mut database, &context.config, Action::Discarded, round, by, Some(why))
            })?;
            result.discarded += round.len();
            for received in round {
                *result.copies.entry(received.message_id.clone()).or_default() += 1;
                missing.retain(|id| !is_meant(id, &received.message_id));
            }
            Ok(())
        };
        let discarded = context.block_on(discard(&context.broker()?, wanted, &mut done));
        result.copies.retain(|_, copies| *copies > 1 && !self.settled);
        result.settled = reasons;
        context.output.print(&result, || result.text())?;
        discarded?;
        if let Some(error) = unknown {
            return Err(error.into());
        }
        context.check_filter(self.merchant.as_deref(), result.discarded)?;
        if missing.is_empty() {
            return Ok(());
        }
        Err(Failure::Refused(not_there(context, &missing)))
    }
}

//! `ops review decide`

use clap::Args;
use order::Decision;
use serde::Serialize;

use crate::cli::closed_set::words_of;
use crate::cli::context::Context;
use crate::cli::operator::Operator;
use crate::failure::Failure;
use crate::operations::action_record::Actor;
use crate::operations::await_worker::Applied;
use crate::operations::review_decision::{ReviewDecision, send};

/// Decide a review, with a note that says why
///
/// The decision is a row in the database. A message tells the workers about it; if the message is lost, they find
/// the row by themselves. It goes through the same state machine as a notification, so nothing is applied twice.
/// Waits for a worker and prints what it did. If no worker runs, the decision takes effect later (also 0).
///
/// Decisions: paid, refunded, accepted, delivered, taken_back, noted; `ops review show` lists those that are possible
/// for a review. Others are refused before they are sent (2). Exits with 1 if the review has ended, or if a late
/// payment that is being refunded shall be accepted (`ops refund-requests --order ORDER`).
///
/// Example: ops review decide 7 refunded --note "refunded by phone, ticket 88"
/// Example: ops review decide 8 accepted --note "two minutes late, agreed with the buyer"
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct DecideArgs {
    /// The review's number, as `ops review list` prints it
    id: i64,
    /// The decision
    #[arg(value_parser = words_of::<Decision>())]
    decision: Decision,
    /// Why
    #[arg(long, value_name = "TEXT")]
    note: String,
    /// The trade to decide about, if several trades paid
    #[arg(long, value_name = "TRADE_NO")]
    trade_no: Option<String>,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Serialize)]
struct DecidedReview<'a> {
    review: i64,
    order: &'a str,
    decision: &'static str,
    trade_no: Option<&'a str>,
    decided_by: &'a str,
    message_id: &'a str,
    #[serde(flatten)]
    applied: &'a Applied,
}

impl DecideArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let note = self.note.trim();
        if note.is_empty() || note.len() > 4000 {
            return Err(Failure::Usage("--note: say why, in at most 4000 bytes".to_owned()));
        }
        let decided = ReviewDecision {
            decision: self.decision,
            trade_no: self.trade_no,
            by: self.operator.name()?.to_owned(),
            note: note.to_owned(),
        };
        let mut connection = context.database()?;
        let act = decided.act(Actor::of_verb(Some(&decided.by)), self.id);
        let (checked, sent, applied) = context.recorded(&act, |change| {
            let checked = decided.check(&mut connection, &context.config, self.id)?;
            change.to(checked.as_recorded());
            let shards = context.layout().shards;
            let sent = context.block_on(async {
                let write = async { checked.write(&mut connection, shards) };
                send(&context.broker()?, "ops review", write).await
            })?;
            let applied = sent.wait(&mut connection)?;
            change.ended(&applied.check());
            Ok((checked, sent, applied))
        })?;
        let decided = DecidedReview {
            review: self.id,
            order: &checked.order,
            decision: self.decision.as_str(),
            trade_no: checked.decided.trade_no.as_deref(),
            decided_by: &checked.decided.by,
            message_id: &sent.message.message_id,
            applied: &applied,
        };
        context.output.print(&decided, || {
            let (order, word) = (decided.order, decided.decision);
            format!("review {} of order {order}: {word}\n{}", self.id, applied.text())
        })?;
        applied.check()
    }
}

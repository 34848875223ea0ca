//! `ops query`

use alipay::Fen;
use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::output::plain;
use crate::cli::table::table;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::gateway_answer::{AnswerComparison, Compared};
use crate::operations::order::change::steps;
use crate::operations::query::{Queried, query};
use crate::text::or_empty;

/// Query Alipay's gateway about an order, and compare
///
/// Prints the gateway's data next to ours, and what would change. Changes nothing, unless --apply sends the
/// answer to the workers: it then takes the same way as a notification, through the same queue and the same
/// state machine.
///
/// Exits with 0 if both agree or the answer was applied, 1 if they differ, 2 if the merchant's configuration
/// does not allow a query, 3 if the gateway or the database did not answer.
///
/// Example: ops query A-1001
/// Example: ops query A-1001 --apply
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct QueryArgs {
    /// The order (out_trade_no)
    order: String,
    /// Send the answer to the workers if it contains something new
    #[arg(long)]
    apply: bool,
}

impl QueryArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let act = Act::new(Actor::of_verb(None), OperatorAction::ApplyAnswer, &self.order);
        let queried = context.recorded_unless(!self.apply, &act, |change| {
            let queried = query(context, &mut *context.database()?, &self.order, self.apply)?;
            let comparison = queried.compared.comparison;
            change.to(json!({ "comparison": comparison, "sent": queried.applied.is_some() }));
            change.ended(&check(&queried));
            Ok(queried)
        })?;
        context.output.print(&queried, || text(&queried))?;
        check(&queried)
    }
}

fn check(queried: &Queried) -> Result<(), Failure> {
    match (queried.compared.comparison, &queried.applied) {
        (AnswerComparison::Same, _) => Ok(()),
        (_, Some(applied)) => applied.check(),
        (AnswerComparison::News, None) => {
            Err(Failure::Refused("they differ; `ops query --apply` sends the answer".to_owned()))
        }
        (AnswerComparison::Disagrees, None) => {
            Err(Failure::Refused("the answer does not agree with the order".to_owned()))
        }
        (AnswerComparison::UnknownThere, None) => Err(Failure::Refused(
            "the gateway does not know a trade, or a payment, that is known here".to_owned(),
        )),
        (AnswerComparison::Busy, None) => Err(Failure::CouldNotAsk(
            "a worker holds the order: not compared, try again".to_owned(),
        )),
    }
}

fn text(queried: &Queried) -> String {
    let Compared { gateway, here, .. } = &queried.compared;
    let yuan = |fen: Option<i64>| or_empty(fen.map(Fen::new).as_ref());
    let there = |value: &Option<String>| value.clone().unwrap_or_default();
    let rows = [
        ["trade".to_owned(), there(&gateway.trade_no), there(&here.trade_no)],
        ["trade status".to_owned(), there(&gateway.trade_status), here.trade_status.to_owned()],
        ["total, yuan".to_owned(), yuan(gateway.total_fee), yuan(Some(here.total_fee))],
        ["refunded, yuan".to_owned(), yuan(gateway.refunded_fee), yuan(Some(here.refunded_fee))],
        [
            "paid".to_owned(),
            or_empty(gateway.gmt_payment.as_ref()),
            or_empty(here.paid_at.as_ref()),
        ],
        [
            "ended".to_owned(),
            or_empty(gateway.gmt_close.as_ref()),
            or_empty(here.finished_at.as_ref()),
        ],
    ];
    let mut lines = vec![format!("order {} of merchant {}", queried.order, queried.merchant)];
    if !gateway.exists {
        lines.push("the gateway knows no such trade: the buyer has not begun to pay".to_owned());
    }
    lines.push(table(["", "gateway", "here"], rows));
    lines.push(String::new());
    lines.push(verdict(&queried.compared));
    if let Some(applied) = &queried.applied {
        lines.push(applied.text());
    }
    lines.join("\n")
}

/// The comparison in a sentence.
pub(crate) fn verdict(compared: &Compared) -> String {
    let dry_run = compared.dry_run.as_ref().map(|dry_run| &dry_run.effect);
    let line = match compared.comparison {
        AnswerComparison::Same => {
            "same: the gateway says nothing that is not known here".to_owned()
        }
        AnswerComparison::News => {
            let facts = dry_run.map(|one| one.facts_added).unwrap_or_default().to_string();
            let mut news: Vec<String> =
                Some(facts).filter(|it| !it.is_empty()).into_iter().collect();
            let changes = dry_run.iter().flat_map(|one| &one.changes);
            news.extend(changes.flat_map(|changed| steps(&changed.change)));
            format!("news: {}", news.join(", "))
        }
        AnswerComparison::Disagrees => {
            let reason = or_empty(dry_run.and_then(|one| one.reason.as_ref()));
            let error = or_empty(dry_run.and_then(|one| one.error.as_ref()));
            format!("does not agree: {reason}: {error}")
        }
        AnswerComparison::UnknownThere if compared.gateway.exists => {
            "the gateway says that nothing is paid, and the order is paid here".to_owned()
        }
        AnswerComparison::UnknownThere => {
            "the gateway knows no such trade, and we have one: another merchant's keys?".to_owned()
        }
        AnswerComparison::Busy => "not compared: a worker holds the order".to_owned(),
    };
    plain(&line)
}

//! `ops query`

use std::time::Duration;

use alipay::{Fen, TradeRef};
use clap::Args;
use gateway::Gateway;
use serde::Serialize;

use crate::cli::output::{or_empty, plain, table};
use crate::context::Context;
use crate::failure::Failure;
use crate::operations::await_worker::Applied;
use crate::operations::gateway_answer::{Compared, Comparison, compare, could_not_ask, sent};
use crate::operations::order::change::steps;
use crate::operations::publish::Confirmed;

/// How often an order that a worker has locked is looked at again.
const TRIES: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

/// Ask Alipay's gateway about an order, and compare
///
/// Prints what the gateway says next to what we hold, and what would change. Changes nothing, unless
/// --apply sends the answer to the workers, like a notification: through the same queue and the same state
/// machine.
///
/// Ends with 0 when both say the same or the answer was applied, 1 when they differ, 2 when the merchant's
/// configuration lacks what a question needs, 3 when the gateway (or the database) could not be asked.
///
/// Example: ops query A-1001
/// Example: ops query A-1001 --apply
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Query {
    /// The order (out_trade_no)
    order: String,
    /// Send the answer to the workers when it says something new
    #[arg(long)]
    apply: bool,
}

#[derive(Serialize)]
struct Answer<'a> {
    order: &'a str,
    merchant: &'a str,
    #[serde(flatten)]
    compared: &'a Compared,
    /// What a worker made of it, with `--apply`.
    applied: Option<&'a Applied>,
}

impl Query {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let mut connection = context.database()?;
        let Some(row) = store::user_order::find(&mut connection, &self.order)? else {
            return Err(Failure::Refused(format!("there is no order {}", self.order)));
        };
        let merchant = context.merchant(&row.merchant)?;
        let answered = context.block_on(async {
            let gateway = Gateway::new(context.gateway_timeout());
            let which = TradeRef::OutTradeNo(&self.order);
            gateway.query(merchant, which).await.map_err(|error| could_not_ask(&error))
        })?;
        let message = sent(merchant, &self.order, &answered)?;
        let mut pair = [(row, answered.answer, message)];
        let mut compared = compare(&mut connection, &context.config, &pair)?;
        for _ in 1..TRIES {
            if compared.iter().all(|one| one.comparison != Comparison::Busy) {
                break;
            }
            std::thread::sleep(PAUSE);
            compared = compare(&mut connection, &context.config, &pair)?;
        }
        let Some(compared) = compared.pop() else {
            return Err(Failure::CouldNotAsk("the answer was not compared".to_owned()));
        };
        let mut applied = None;
        if self.apply && matches!(compared.comparison, Comparison::News | Comparison::Busy) {
            let message = &mut pair[0].2;
            message.look_before(&mut connection)?;
            message.write_down(&mut connection)?;
            context.block_on(async {
                let publisher = Confirmed::open(&context.broker()?, "ops query").await?;
                let published = publisher.publish(message.message.clone()).await;
                publisher.close().await;
                published
            })?;
            applied = Some(message.wait(&mut connection)?);
        }
        let answer = Answer {
            order: &self.order,
            merchant: &merchant.name,
            compared: &compared,
            applied: applied.as_ref(),
        };
        context.output.print(&answer, || text(&answer))?;
        match (compared.comparison, applied) {
            (Comparison::Same, _) => Ok(()),
            (_, Some(applied)) => applied.check(),
            (Comparison::News, None) => Err(Failure::Refused(
                "they differ; `ops query --apply` sends the answer".to_owned(),
            )),
            (Comparison::Disagrees, None) => {
                Err(Failure::Refused("the answer does not agree with the order".to_owned()))
            }
            (Comparison::UnknownThere, None) => {
                Err(Failure::Refused("the gateway does not know a trade that we hold".to_owned()))
            }
            (Comparison::Busy, None) => Err(Failure::CouldNotAsk(
                "a worker holds the order: not compared, try again".to_owned(),
            )),
        }
    }
}

fn text(answer: &Answer<'_>) -> String {
    let Compared { gateway, held, .. } = answer.compared;
    let yuan = |fen: Option<i64>| or_empty(fen.map(Fen::new).as_ref());
    let there = |value: &Option<String>| value.clone().unwrap_or_default();
    let rows = [
        ["trade".to_owned(), there(&gateway.trade_no), there(&held.trade_no)],
        ["trade status".to_owned(), there(&gateway.trade_status), held.trade_status.to_owned()],
        ["total, yuan".to_owned(), yuan(gateway.total_fee), yuan(Some(held.total_fee))],
        ["refunded, yuan".to_owned(), yuan(gateway.refunded_fee), yuan(Some(held.refunded_fee))],
        [
            "paid".to_owned(),
            or_empty(gateway.gmt_payment.as_ref()),
            or_empty(held.paid_at.as_ref()),
        ],
        [
            "ended".to_owned(),
            or_empty(gateway.gmt_close.as_ref()),
            or_empty(held.finished_at.as_ref()),
        ],
    ];
    let mut lines = vec![format!("order {} of merchant {}", answer.order, answer.merchant)];
    if !gateway.exists {
        lines.push("the gateway knows no such trade: the buyer has not begun to pay".to_owned());
    }
    lines.push(table(["", "gateway", "here"], rows));
    lines.push(String::new());
    lines.push(verdict(answer.compared));
    if let Some(applied) = answer.applied {
        lines.push(applied.text());
    }
    lines.join("\n")
}

/// The comparison in a sentence.
pub(crate) fn verdict(compared: &Compared) -> String {
    let foreseen = compared.foreseen.as_ref();
    let line = match compared.comparison {
        Comparison::Same => "same: the gateway says nothing that is not known here".to_owned(),
        Comparison::News => {
            let mut news: Vec<String> =
                foreseen.map(|one| one.facts_added.clone()).unwrap_or_default();
            let changes = foreseen.iter().flat_map(|one| &one.changes);
            news.extend(changes.flat_map(|changed| steps(&changed.change)));
            format!("news: {}", news.join(", "))
        }
        Comparison::Disagrees => {
            let reason = or_empty(foreseen.and_then(|one| one.reason.as_ref()));
            let error = or_empty(foreseen.and_then(|one| one.error.as_ref()));
            format!("does not agree: {reason}: {error}")
        }
        Comparison::UnknownThere => {
            "the gateway knows no such trade, and we hold one: another merchant's keys?".to_owned()
        }
        Comparison::Busy => "not compared: a worker holds the order".to_owned(),
    };
    plain(&line)
}

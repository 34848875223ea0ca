//! `ops close`

use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::close::{CloseOutcome, Closed, close};

/// Close an unpaid order at Alipay, so that it can no longer be paid
///
/// Calls close_trade or alipay.trade.close, and has a worker query the result; the order itself is closed when
/// the gateway's answer says so. Exits with 1 if the order is paid or finished, here or at Alipay, or if Alipay
/// does not know the trade: then the buyer has not begun to pay, but may still pay on an open page. If the order
/// is already closed, nothing is sent (0).
///
/// Exits with 3 if the gateway did not answer: it is not known whether the trade is closed, so repeat the command.
///
/// Example: ops close A-1001
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct CloseArgs {
    /// The order (out_trade_no)
    order: String,
}

impl CloseArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let act = Act::new(Actor::of_verb(None), OperatorAction::CloseTrade, &self.order);
        let closed = context.recorded(&act, |change| {
            let closed = close(context, &mut *context.database()?, &self.order)?;
            change.to(json!({ "answer": closed.outcome }));
            change.ended(&check(&closed));
            Ok(closed)
        })?;
        context.output.print(&closed, || text(&closed))?;
        check(&closed)
    }
}

fn check(closed: &Closed) -> Result<(), Failure> {
    closed.workers_told.clone()?;
    match closed.outcome {
        CloseOutcome::Closed | CloseOutcome::AlreadyClosed => Ok(()),
        CloseOutcome::NotExist => Err(Failure::Refused("Alipay knows no such trade".to_owned())),
        CloseOutcome::Refused => Err(Failure::Refused(
            "Alipay did not close it: is it paid? Or was it closed a moment ago? Workers ask; see `ops order show`"
                .to_owned(),
        )),
    }
}

fn text(closed: &Closed) -> String {
    let order = &closed.order;
    match closed.outcome {
        CloseOutcome::AlreadyClosed => {
            let at = closed.closed_at.map(|at| format!(" at {at}")).unwrap_or_default();
            format!("order {order} was closed{at} without payment; nothing was sent")
        }
        CloseOutcome::Closed => {
            format!("order {order}: closed at Alipay, it can no longer be paid")
        }
        CloseOutcome::Refused => {
            format!("order {order}: {}", closed.error.as_deref().unwrap_or_default())
        }
        CloseOutcome::NotExist => format!(
            "order {order}: Alipay knows no such trade. The buyer has not begun to pay, and may still pay \
             on an open page or with an open code: the order can still be paid"
        ),
    }
}

//! `ops close`

use clap::Args;

use crate::cli::context::Context;
use crate::failure::Failure;
use crate::operations::close::{CloseOutcome, Closed, close};

/// Close an unpaid order at Alipay, so that it can no longer be paid
///
/// Calls close_trade or alipay.trade.close, and has workers ask the gateway what became of it; the order
/// itself is closed when they hear so. An order that is paid or over is a no (1), here or at Alipay. So is a
/// trade that Alipay does not know: the buyer has not begun, and may still pay with a page that is open. For an
/// order that is closed already nothing is sent, and it ends with 0.
///
/// Ends with 3 when the gateway could not be asked: the trade may be closed or not, so repeat it.
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
        let closed = close(context, &mut *context.database()?, &self.order)?;
        context.output.print(&closed, || text(&closed))?;
        closed.workers_told?;
        match closed.outcome {
            CloseOutcome::Closed | CloseOutcome::AlreadyClosed => Ok(()),
            CloseOutcome::NotExist => {
                Err(Failure::Refused("Alipay knows no such trade".to_owned()))
            }
            CloseOutcome::Refused => Err(Failure::Refused(
                "Alipay did not close it: is it paid? Or was it closed a moment ago? Workers ask; see `ops order show`"
                    .to_owned(),
            )),
        }
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
             with a page or a code that is open: the order is not dead"
        ),
    }
}

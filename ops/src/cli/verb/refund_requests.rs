//! `ops refund-requests`

use alipay::Fen;
use clap::Args;
use order::RefundRequestState;
use store::refund_request::{self, RefundRequestFilter};

use crate::cli::closed_set::words_of;
use crate::cli::context::Context;
use crate::cli::table::list;
use crate::failure::Failure;

/// List the refund requests, the latest first
///
/// Operators make them with `ops refund`, workers for late payments. States: `asked`: not sent yet, or waiting for
/// the password; `unknown`: sent, result not known; `accepted`: Alipay has refunded it; `refused`: Alipay has
/// refused it. "next try" is the time at which a worker repeats its own request; operators repeat theirs. Refunds
/// made without this program are in `ops order show`.
///
/// Example: ops refund-requests --state unknown
/// Example: ops refund-requests --order A-1001 --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct RefundRequestsArgs {
    /// Only those of this order (out_trade_no)
    #[arg(long, value_name = "ORDER")]
    order: Option<String>,
    /// Only this merchant's
    #[arg(long, value_name = "NAME")]
    merchant: Option<String>,
    /// Only those in this state
    #[arg(long, value_parser = words_of::<RefundRequestState>())]
    state: Option<RefundRequestState>,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

impl RefundRequestsArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = RefundRequestFilter {
            order: self.order.as_deref(),
            merchant: self.merchant.as_deref(),
            state: self.state,
        };
        let lines = refund_request::list(&mut *context.database()?, &filter, self.limit)?;
        context.check_filter(self.merchant.as_deref(), lines.len())?;
        context.output.print(&lines, || {
            list(&lines)
                .column("order", |line| &line.order_id)
                .column("amount", |line| Fen::new(line.amount))
                .column("state", |line| &line.state)
                .column("request", |line| &line.request_no)
                .column("trade", |line| &line.trade_no)
                .column("merchant", |line| &line.merchant)
                .column("asked by", |line| &line.asked_by)
                .column("at", |line| line.created_at)
                .optional("next try", |line| line.due_at)
                .column("reason", |line| &line.reason)
                .optional("error", |line| line.error.as_ref())
                .spare(&["merchant", "next try", "trade", "asked by"])
                .text()
        })
    }
}

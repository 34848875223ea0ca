//! `ops order list`

use alipay::Fen;
use chrono::{DateTime, Utc};
use clap::Args;
use order::FulfillmentState;
use store::user_order::{self, OrderFilter, OrderRow, OrderSearch};

use crate::cli::closed_set::words_of;
use crate::cli::context::Context;
use crate::cli::table::list;
use crate::cli::time_args::parse_moment;
use crate::failure::Failure;
use crate::operations::order::OrderLine;
use crate::operations::order::parse_amount;
use crate::operations::order::status_name::{parse_status, status_chinese};

/// List orders, the latest first, or search for one
///
/// All conditions must hold. `ops stock find` finds an order by a code that it was given.
///
/// Example: ops order list --goods awaiting_stock
/// Example: ops order list --text 20261123
/// Example: ops order list --total 19.90 --since 2026-11-23 --until 2026-11-24
/// Example: ops order list --status 8 --merchant shop --limit 20 --output json
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OrderListArgs {
    /// Only orders whose number, or the number of a trade of theirs, is this or begins with it; or of the buyer with this
    /// whole number or account (mail or phone) at Alipay. The Open Platform masks accounts (`buy***@example.com`): with it,
    /// look for the number
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// Only this status: 0 placed, 8 paid, 4 finished, 32 closed, 105 refunded, 106 refund_closed
    #[arg(long, value_parser = parse_status)]
    status: Option<i16>,
    /// Only this merchant's
    #[arg(long)]
    merchant: Option<String>,
    /// Only orders whose goods are in this state: delivered, awaiting_stock (paid, but not in stock), awaiting_manual
    /// (a person must deliver), awaiting_account (a subscription without an account), returned, cancelled
    #[arg(long, value_name = "STATE", value_parser = words_of::<FulfillmentState>())]
    goods: Option<FulfillmentState>,
    /// Only orders with an open review
    #[arg(long)]
    needs_review: bool,
    /// Only orders of this buyer: the whole buyer_id, or the buyer_open_id of newer applications
    #[arg(long, value_name = "BUYER_ID")]
    buyer: Option<String>,
    /// Only orders of this total, in yuan
    #[arg(long, value_name = "YUAN", value_parser = parse_amount)]
    total: Option<Fen>,
    /// Only orders placed since: 30m, 24h, 7d (ago), or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    since: Option<DateTime<Utc>>,
    /// Only orders placed before: 30m, 24h, 7d (ago), or a Beijing time
    #[arg(long, value_parser = parse_moment, value_name = "WHEN")]
    until: Option<DateTime<Utc>>,
    /// Only orders placed before the one with this number: what comes behind the last one listed
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// The most to list
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..))]
    limit: i64,
}

impl OrderListArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        let filter = OrderFilter {
            status: self.status,
            merchant: self.merchant.as_deref(),
            needs_review: self.needs_review,
            goods: self.goods,
            buyer: self.buyer.as_deref(),
            since: self.since,
            until: self.until,
            total: self.total,
        };
        let (text, after) = (self.text.as_deref(), self.after.as_deref());
        let search = OrderSearch { text, filter, after };
        let rows = user_order::search(&mut *context.database()?, &search, self.limit)?;
        context.check_filter(self.merchant.as_deref(), rows.len())?;
        let lines: Vec<OrderLine> = rows.into_iter().map(OrderLine::from).collect();
        context.output.print(&lines, || {
            list(&lines)
                .column("id", |line| &line.row.id)
                .column("merchant", |line| &line.row.merchant)
                .column("product", |line| &line.row.product_id)
                .column("units", |line| line.row.quantity)
                .column("total", |line| Fen::new(line.row.total_fee))
                .column("refunded", |line| Fen::new(line.row.refunded_fee))
                .column("status", |line| format!("{} {}", line.row.status, line.status_name))
                .column("", |line| status_chinese(line.row.status))
                .column("goods", |line| goods(&line.row))
                .column("review", |line| if line.row.needs_review { "open" } else { "" })
                .column("placed at", |line| line.row.created_at)
                .optional("trade", |line| line.row.trade_no.as_ref())
                .spare(&["trade", "", "units", "merchant", "refunded", "placed at"])
                .text()
        })
    }
}

/// The state of the goods, in words.
fn goods(row: &OrderRow) -> String {
    let since = row.goods_waiting_since.map(|at| format!(" since {at}")).unwrap_or_default();
    match row.goods_state {
        Some(FulfillmentState::AwaitingStock) => format!("waits for stock{since}"),
        Some(FulfillmentState::AwaitingManual) => format!("waits for a person{since}"),
        Some(FulfillmentState::AwaitingAccount) => format!("waits for an account{since}"),
        Some(state) => state.to_string(),
        None => String::new(),
    }
}

//! `ops order create`

use std::time::Duration;

use alipay::Fen;
use chrono::Utc;
use clap::Args;
use order::OperatorAction;
use serde_json::json;

use crate::cli::context::Context;
use crate::cli::order_text::lines;
use crate::cli::time_args::parse_length;
use crate::failure::Failure;
use crate::operations::action_record::{Act, Actor};
use crate::operations::order::create::{OldOrder, OrderToCreate, create};
use crate::operations::order::details::OrderDetails;
use crate::operations::order::import_file::{made_at, total};
use crate::operations::order::story::header_of_row;
use crate::operations::order::{parse_account, parse_id, parse_new_id, parse_subject, time_limit};

/// Place an order, as the shop would
///
/// The total is the product's price times the quantity. Exits with 1 if the id is taken (by an order of any merchant) or the
/// product is off sale.
///
/// With --created-at it is an order of an old system, like those that `ops order import` reads from a file: if the
/// order already exists with a later time, it gets this time.
///
/// Example: ops order create A-1001 --merchant shop --product gift-100 --quantity 2
/// Example: ops order create A-1002 --merchant shop --product gift-100 --expires-after 30m
/// Example: ops order create B-7 --merchant shop --product gift-100 --created-at "2026-05-10 10:00:00" --delivered
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct OrderCreateArgs {
    /// Its id (out_trade_no), 1 to 64 bytes
    #[arg(value_parser = parse_new_id)]
    id: String,
    /// Name of the merchant in the configuration
    #[arg(long, value_parser = parse_id)]
    merchant: String,
    /// The product sold
    #[arg(long, value_name = "PRODUCT_ID")]
    product: String,
    /// Units
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(i32).range(1..))]
    quantity: i32,
    /// The account that a subscription is granted to
    #[arg(long, default_value = "", hide_default_value = true, value_parser = parse_account)]
    account: String,
    /// Title of the order; default: the product's name
    #[arg(long, value_parser = parse_subject)]
    subject: Option<String>,
    /// Time limit for the payment (90s, 30m, 24h, 7d): an order unpaid after it is closed, first at Alipay and then
    /// here; default: that of the column user_order.expires_at
    #[arg(long, value_name = "TIME", value_parser = parse_length)]
    expires_after: Option<Duration>,
    /// When the old system took the order: a Beijing time (2026-05-10 10:00:00) or RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "expires_after")]
    created_at: Option<String>,
    /// The old system has delivered the goods, so this one never does
    #[arg(long, requires = "created_at")]
    delivered: bool,
    /// What the buyer paid in the old system, in yuan, if it differs from today's price
    #[arg(long, value_name = "YUAN", requires = "created_at", value_parser = total)]
    total: Option<Fen>,
}

impl OrderCreateArgs {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        if !context.config.merchants.is_empty() {
            context.merchant(&self.merchant)?;
        }
        let created_at = self.created_at.map(|text| made_at(&text, Utc::now())).transpose();
        let (delivered, total) = (self.delivered, self.total);
        let imported = created_at.map_err(Failure::Usage)?;
        let imported = imported.map(|created_at| OldOrder { created_at, delivered, total });
        let order = OrderToCreate {
            id: self.id,
            merchant: self.merchant,
            product: self.product,
            quantity: self.quantity,
            account: self.account,
            subject: self.subject,
            expires_after: self.expires_after,
            imported,
        };
        let act = Act::new(Actor::of_verb(None), OperatorAction::CreateOrder, &order.id);
        let (line, product) = context.recorded(&act, |change| {
            let (line, product) = create(context, &order)?;
            change.to(json!({
                "merchant": line.row.merchant,
                "product": product.id,
                "quantity": line.row.quantity,
                "total_fee": line.row.total_fee,
            }));
            Ok((line, product))
        })?;
        context.output.print(&line, || {
            let limit = time_limit(&line.row, &context.config);
            lines(&header_of_row(&line.row, &OrderDetails::product_of(&product), limit))
        })
    }
}

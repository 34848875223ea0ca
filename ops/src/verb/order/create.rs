//! `ops order create`

use std::time::Duration;

use alipay::Fen;
use chrono::{TimeDelta, Utc};
use clap::Args;
use order::ProductKind;
use service::config::Merchant;
use store::product;
use store::report;
use store::user_order::{self, NewOrder};
use tracing::warn;

use super::{OrderLine, off_sale, parse_id};
use crate::context::Context;
use crate::failure::{Failure, is_taken};
use crate::moment::parse_length;
use crate::order_page::OrderPage;
use crate::order_story;

/// Place an order, as the shop would
///
/// The total is the product's price times the quantity. An id that is taken, at whichever merchant, and a product that is
/// off sale end with 1.
///
/// Example: ops order create A-1001 --merchant shop --product gift-100 --quantity 2
/// Example: ops order create A-1002 --merchant shop --product gift-100 --expires-after 30m
#[derive(Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Create {
    /// Its id (out_trade_no), 1 to 64 bytes
    #[arg(value_parser = parse_id)]
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
    /// Whom a subscription belongs to
    #[arg(long, default_value = "", hide_default_value = true, value_parser = parse_account)]
    account: String,
    /// Title of the order; the product's name when not given
    #[arg(long, value_parser = parse_subject)]
    subject: Option<String>,
    /// How long it can be paid (90s, 30m, 24h, 7d): unpaid after that it is closed, at Alipay first and then
    /// here; without it, what the column user_order.expires_at has for a default
    #[arg(long, value_name = "TIME", value_parser = parse_length)]
    expires_after: Option<Duration>,
}

impl Create {
    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        if !context.config.merchants.is_empty() {
            context.merchant(&self.merchant)?;
        }
        self.check_time_limit(context)?;
        let mut connection = context.database()?;
        let found = product::by_ids(&mut connection, &[&self.product])?;
        let Some(product) = found.first() else {
            return Err(Failure::No(format!("there is no product {}", self.product)));
        };
        if !product.on_sale {
            return Err(Failure::No(off_sale(&product.id)));
        }
        let total = product.price.get().checked_mul(i64::from(self.quantity)).ok_or_else(|| {
            let price = product.price;
            Failure::Usage(format!("{} times {price} yuan is more than fits", self.quantity))
        })?;
        if product.kind == ProductKind::Subscription {
            if self.account.is_empty() {
                warn!(
                    "a subscription without --account waits, once it is paid, until the order names one"
                );
            }
            if product.days.unwrap_or(0).checked_mul(self.quantity).is_none() {
                return Err(Failure::Usage(format!("{} units are too many days", self.quantity)));
            }
        }
        let new = NewOrder {
            id: &self.id,
            merchant: &self.merchant,
            account: &self.account,
            product_id: &self.product,
            quantity: self.quantity,
            subject: self.subject.as_deref().unwrap_or(&product.name),
            total_fee: Fen::new(total),
            expires_after: self.expires_after,
        };
        user_order::insert(&mut connection, &new).map_err(|error| {
            if is_taken(&error) {
                Failure::No(format!("the order id {} is taken", self.id))
            } else {
                error.into()
            }
        })?;
        let Some(row) = report::order(&mut connection, &self.id)? else {
            return Err(Failure::No(format!("the order {} has vanished", self.id)));
        };
        let line = OrderLine::from(row);
        context
            .output
            .print(&line, || order_story::header(&line.row, &OrderPage::product_of(product)))
    }
}

impl Create {
    /// What a worker would not act on is not written.
    fn check_time_limit(&self, context: &Context) -> Result<(), Failure> {
        let Some(after) = self.expires_after.and_then(|after| TimeDelta::from_std(after).ok())
        else {
            return Ok(());
        };
        let merchant = context.config.merchants.get(&self.merchant);
        let longest = merchant.and_then(Merchant::longest_time_to_pay);
        let now = Utc::now();
        order::time_limit(now, Some(now + after), longest).map(|_| ()).map_err(|implausible| {
            Failure::Usage(format!(
                "--expires-after: {implausible}; if it is, set merchants.{}.longest_time_to_pay",
                self.merchant
            ))
        })
    }
}

pub(super) fn parse_account(text: &str) -> Result<String, String> {
    bounded(text, 255)
}

fn parse_subject(text: &str) -> Result<String, String> {
    bounded(text, 256)
}

fn bounded(text: &str, most: usize) -> Result<String, String> {
    let length = text.chars().count();
    if length > most {
        return Err(format!("it has {length} characters, at most {most} fit"));
    }
    Ok(text.to_owned())
}

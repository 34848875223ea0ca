//! `ops order create`

use std::time::Duration;

use alipay::Fen;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use config::Merchant;
use order::ProductKind;
use service::unseen;
use store::MysqlConnection;
use store::product::Product;
use store::user_order::import::ImportedOrder;
use store::user_order::{self, NewOrder};
use tracing::warn;

use crate::cli::context::Context;
use crate::cli::order_text;
use crate::cli::time_args::parse_length;
use crate::failure::{Failure, is_taken};
use crate::operations::order::details::OrderDetails;
use crate::operations::order::import::{self, NumberedOrder};
use crate::operations::order::import_file::{made_at, total, with_days};
use crate::operations::order::{OrderLine, find, parse_id, parse_new_id};
use crate::operations::product;

/// Place an order, as the shop would
///
/// The total is the product's price times the quantity. An id that is taken, at whichever merchant, and a product that is
/// off sale end with 1.
///
/// Example: ops order create A-1001 --merchant shop --product gift-100 --quantity 2
/// With --created-at it is an order of an old system, as `ops order import` imports many: an order that is here
/// already with a later time gets this one.
///
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
    /// When an old system took the order: a Beijing time (2026-05-10 10:00:00) or RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "expires_after")]
    created_at: Option<String>,
    /// The old system has delivered the goods: this one never does
    #[arg(long, requires = "created_at")]
    delivered: bool,
    /// What the buyer paid in the old system, in yuan, where it is not the price of today
    #[arg(long, value_name = "YUAN", requires = "created_at", value_parser = total)]
    total: Option<Fen>,
}

impl OrderCreateArgs {
    /// A shop with a pay link of its own may know better, so the order is taken all the same.
    fn warn_of_what_cannot_be_paid(&self, name: &str) {
        let subject = self.subject.as_deref().unwrap_or(name);
        if subject.contains('&') {
            warn!(
                "the subject {subject:?} has & in it, and `ops pay-link` refuses it: Alipay signs it unescaped, so that it \
                 can be read in two ways. Say --subject without it"
            );
        }
        if !self.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        {
            warn!(
                "Alipay takes letters, digits and _ in an order number (out_trade_no): it may refuse {:?}",
                self.id
            );
        }
    }

    pub(crate) fn run(self, context: &Context) -> Result<(), Failure> {
        if !context.config.merchants.is_empty() {
            context.merchant(&self.merchant)?;
        }
        self.check_time_limit(context)?;
        let mut connection = context.database()?;
        let product = &product::find(&mut connection, &self.product)?;
        if self.created_at.is_none() {
            product::check_on_sale(product)?;
        }
        let price = product.price.get().checked_mul(i64::from(self.quantity)).ok_or_else(|| {
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
        if self.created_at.is_none() {
            self.warn_of_what_cannot_be_paid(&product.name);
        }
        let total = self.total.unwrap_or(Fen::new(price));
        if let Some(created_at) = &self.created_at {
            let created_at = made_at(created_at, Utc::now()).map_err(Failure::Usage)?;
            self.import(&mut connection, product, total, created_at)?;
            return self.show(context, &mut connection, product);
        }
        let new = NewOrder {
            id: &self.id,
            merchant: &self.merchant,
            account: &self.account,
            product_id: &self.product,
            quantity: self.quantity,
            subject: self.subject.as_deref().unwrap_or(&product.name),
            total_fee: total,
            expires_after: self.expires_after,
        };
        user_order::insert(&mut connection, &new).map_err(|error| {
            if is_taken(&error) {
                Failure::Refused(format!("the order id {} is taken", self.id))
            } else {
                error.into()
            }
        })?;
        self.show(context, &mut connection, product)
    }

    /// An order of an old system.
    fn import(
        &self,
        connection: &mut MysqlConnection,
        product: &Product,
        total_fee: Fen,
        created_at: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let order = ImportedOrder {
            id: self.id.clone(),
            merchant: self.merchant.clone(),
            account: self.account.clone(),
            product_id: self.product.clone(),
            quantity: self.quantity,
            subject: self.subject.as_ref().unwrap_or(&product.name).clone(),
            total_fee,
            created_at: Some(created_at),
            delivered: self.delivered,
            days: None,
        };
        let order = with_days(order, product).map_err(Failure::Usage)?;
        import::import(connection, &[NumberedOrder { line: None, order }], false, |_| {})?;
        Ok(())
    }

    fn show(
        &self,
        context: &Context,
        connection: &mut MysqlConnection,
        product: &Product,
    ) -> Result<(), Failure> {
        let line = OrderLine::from(find(connection, &self.id)?);
        context
            .output
            .print(&line, || order_text::header(&line.row, &OrderDetails::product_of(product)))
    }

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
    unseen::check_typed(text)?;
    bounded(text, 255)
}

fn parse_subject(text: &str) -> Result<String, String> {
    unseen::check_shown(text)?;
    bounded(text, 256)
}

fn bounded(text: &str, most: usize) -> Result<String, String> {
    let length = text.chars().count();
    if length > most {
        return Err(format!("it has {length} characters, at most {most} fit"));
    }
    Ok(text.to_owned())
}

//! Places an order, as the shop would, or one of an old system.

use std::time::Duration;

use alipay::{Fen, can_be_cut};
use chrono::{DateTime, TimeDelta, Utc};
use config::Config;
use order::ProductKind;
use store::MysqlConnection;
use store::product::Product;
use store::user_order::import::ImportedOrder;
use store::user_order::{self, NewOrder};
use tracing::warn;

use super::import::{self, NumberedOrder};
use super::import_file::{days_of, with_days};
use super::{OrderLine, find};
use crate::failure::{Failure, is_taken};
use crate::operations::access::Access;
use crate::operations::product;

/// An order that an operator places.
pub(crate) struct OrderToCreate {
    pub(crate) id: String,
    pub(crate) merchant: String,
    pub(crate) product: String,
    pub(crate) quantity: i32,
    /// Whom a subscription belongs to; empty otherwise.
    pub(crate) account: String,
    /// The product's name, where it is none.
    pub(crate) subject: Option<String>,
    pub(crate) expires_after: Option<Duration>,
    /// Of an order of an old system.
    pub(crate) imported: Option<OldOrder>,
}

/// What is known of an order that an old system took.
pub(crate) struct OldOrder {
    pub(crate) created_at: DateTime<Utc>,
    /// The old system has delivered the goods.
    pub(crate) delivered: bool,
    /// What the buyer paid, where it is not the price of today.
    pub(crate) total: Option<Fen>,
}

/// Places the order; returns it with its product.
pub(crate) fn create(
    access: &Access,
    order: &OrderToCreate,
) -> Result<(OrderLine, Product), Failure> {
    order.check_time_limit(&access.config)?;
    let connection = &mut *access.database()?;
    let product = product::find(connection, &order.product)?;
    if order.imported.is_none() {
        product::check_on_sale(&product)?;
    }
    let quantity = order.quantity;
    let price = product.price.get().checked_mul(i64::from(quantity)).ok_or_else(|| {
        let price = product.price;
        Failure::Usage(format!("{quantity} times {price} yuan is more than fits"))
    })?;
    if product.kind == ProductKind::Subscription {
        if !order::names_account(&order.account) {
            warn!(
                "a subscription without --account waits, once it is paid, until the order names one"
            );
        }
        days_of(&product, quantity).map_err(Failure::Usage)?;
    }
    match &order.imported {
        Some(old) => order.import(connection, &product, old, Fen::new(price))?,
        None => order.insert(connection, &product, Fen::new(price))?,
    }
    Ok((OrderLine::from(find(connection, &order.id)?), product))
}

impl OrderToCreate {
    fn insert(
        &self,
        connection: &mut MysqlConnection,
        product: &Product,
        total_fee: Fen,
    ) -> Result<(), Failure> {
        let subject = self.subject.as_deref().unwrap_or(&product.name);
        self.warn_of_what_cannot_be_paid(subject);
        let new = NewOrder {
            id: &self.id,
            merchant: &self.merchant,
            account: &self.account,
            product_id: &self.product,
            quantity: self.quantity,
            subject,
            total_fee,
            expires_after: self.expires_after,
        };
        user_order::insert(connection, &new).map_err(|error| match is_taken(&error) {
            true => Failure::Refused(format!("the order id {} is taken", self.id)),
            false => error.into(),
        })
    }

    /// A shop with a pay link of its own may know better, so the order is taken anyway.
    fn warn_of_what_cannot_be_paid(&self, subject: &str) {
        let id = &self.id;
        if can_be_cut(subject) {
            warn!(
                "the subject {subject:?} has & in it, and `ops pay-link` refuses it: Alipay signs it unescaped, so that it \
                 can be read in two ways. Say --subject without it"
            );
        }
        if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            warn!(
                "Alipay takes letters, digits and _ in an order number (out_trade_no): it may refuse {id:?}"
            );
        }
    }

    fn import(
        &self,
        connection: &mut MysqlConnection,
        product: &Product,
        old: &OldOrder,
        price: Fen,
    ) -> Result<(), Failure> {
        let order = ImportedOrder {
            id: self.id.clone(),
            merchant: self.merchant.clone(),
            account: self.account.clone(),
            product_id: self.product.clone(),
            quantity: self.quantity,
            subject: self.subject.as_ref().unwrap_or(&product.name).clone(),
            total_fee: old.total.unwrap_or(price),
            created_at: Some(old.created_at),
            delivered: old.delivered,
            days: None,
        };
        let order = with_days(order, product).map_err(Failure::Usage)?;
        import::import(connection, &[NumberedOrder { line: None, order }], false, |_| {})?;
        Ok(())
    }

    /// What a worker would not act on is not written.
    fn check_time_limit(&self, config: &Config) -> Result<(), Failure> {
        let Some(after) = self.expires_after.and_then(|after| TimeDelta::from_std(after).ok())
        else {
            return Ok(());
        };
        let longest = config.longest_time_to_pay(&self.merchant);
        let now = Utc::now();
        order::time_limit(now, Some(now + after), longest).map(drop).map_err(|implausible| {
            Failure::Usage(format!(
                "--expires-after: {implausible}; if it is, set merchants.{}.longest_time_to_pay",
                self.merchant
            ))
        })
    }
}

//! Before facts count, the notification must agree with the order.
//!
//! A mismatch delivers nothing and goes to a person with its evidence.

use alipay::{Fen, TradeStatusSync, format_beijing};
use chrono::{DateTime, TimeDelta, Utc};

use crate::{ConfirmedRefund, ImplausibleLimit, RejectionReason, time_limit};

/// A trade may have been created this long before its order and still pay it: clocks of the shop,
/// the database and Alipay differ. Anything older is an old message for a reused order number.
pub const TRADE_BEFORE_ORDER: TimeDelta = TimeDelta::days(1);

/// What the shop wrote when it placed the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderTerms {
    /// `out_trade_no`.
    pub id: String,
    /// The configured merchant that the order belongs to.
    pub merchant: String,
    /// Amount of the order, fen.
    pub total_fee: Fen,
    /// When the order was placed.
    pub created_at: DateTime<Utc>,
    /// Until when it can be paid; `None`: always.
    pub expires_at: Option<DateTime<Utc>>,
}

/// The merchant's account at Alipay, and its policy for money that is late or not confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantAccount {
    /// The merchant's name in the configuration.
    pub merchant: String,
    /// 2088 and 12 digits.
    pub seller_id: Option<String>,
    /// The Open Platform application.
    pub app_id: Option<String>,
    /// Late payments are refunded; else a late payment counts as any other.
    pub refunds_late: bool,
    /// Goods of an order above this amount wait until the gateway confirms the payment; `None`: goods never wait.
    pub confirms_above: Option<Fen>,
    /// The longest time limit of its orders, where the configuration has one.
    pub longest_time_to_pay: Option<TimeDelta>,
}

impl OrderTerms {
    /// Checks that the order is one of this merchant's.
    ///
    /// # Errors
    /// [`Mismatch::Merchant`]
    pub fn belongs_to(&self, account: &MerchantAccount) -> Result<(), Mismatch> {
        if self.merchant == account.merchant {
            return Ok(());
        }
        let (order, notification) = (self.merchant.clone(), account.merchant.clone());
        Err(Mismatch::Merchant { order, notification })
    }

    /// The time until which the order can be paid, if it is plausible.
    ///
    /// # Errors
    /// [`ImplausibleLimit`]
    pub fn time_limit(
        &self,
        account: &MerchantAccount,
    ) -> Result<Option<DateTime<Utc>>, ImplausibleLimit> {
        time_limit(self.created_at, self.expires_at, account.longest_time_to_pay)
    }
}

/// Why a notification does not belong to the order that it names. The text is the evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says what the fields are")]
pub enum Mismatch {
    #[error("the order belongs to merchant {order}, the notification came for {notification}")]
    Merchant { order: String, notification: String },
    #[error("the order's total is {order} yuan, the notification says {notification} yuan")]
    Total { order: Fen, notification: Fen },
    #[error("the merchant's seller_id is {merchant}, the notification says {notification}")]
    Seller { merchant: String, notification: String },
    #[error("the merchant's app_id is {merchant}, the notification says {notification}")]
    App { merchant: String, notification: String },
    #[error("the currency is {notification}, only CNY is accepted")]
    Currency { notification: String },
    #[error(
        "the trade was created at {} (Beijing), and the order at {}, more than a day later: an old trade for a \
         number that is used again. Or the order was imported without its time: give it its time (`ops order \
         import`), then replay this letter", format_beijing(*.trade), format_beijing(*.order)
    )]
    OlderThanOrder { trade: DateTime<Utc>, order: DateTime<Utc> },
    #[error("refund_fee {refunded} yuan is above the total of {total} yuan")]
    RefundAboveTotal { refunded: Fen, total: Fen },
}

impl Mismatch {
    /// The reason of the dead letter.
    pub fn reason(&self) -> RejectionReason {
        match self {
            Mismatch::Merchant { .. } => RejectionReason::MerchantMismatch,
            Mismatch::Total { .. } => RejectionReason::TotalMismatch,
            Mismatch::Seller { .. } => RejectionReason::SellerMismatch,
            Mismatch::App { .. } => RejectionReason::AppMismatch,
            Mismatch::Currency { .. } => RejectionReason::CurrencyMismatch,
            Mismatch::OlderThanOrder { .. } => RejectionReason::TradeOlderThanOrder,
            Mismatch::RefundAboveTotal { .. } => RejectionReason::RefundAboveTotal,
        }
    }
}

/// Checks a notification against the order and the merchant.
///
/// # Errors
/// The first [`Mismatch`] found.
pub fn agree(
    terms: &OrderTerms,
    account: &MerchantAccount,
    notification: &TradeStatusSync,
) -> Result<(), Mismatch> {
    terms.belongs_to(account)?;
    let seller_id = &notification.parties.seller_id;
    if let Some((merchant, notification)) = differs(&account.seller_id, seller_id) {
        return Err(Mismatch::Seller { merchant, notification });
    }
    if let Some((merchant, notification)) = differs(&account.app_id, &notification.app_id) {
        return Err(Mismatch::App { merchant, notification });
    }
    if let Some(currency) = notification.currency.as_ref().filter(|currency| !is_cny(currency)) {
        return Err(Mismatch::Currency { notification: currency.clone() });
    }
    if notification.total != terms.total_fee {
        return Err(Mismatch::Total { order: terms.total_fee, notification: notification.total });
    }
    if let Some(refunded) =
        notification.refund_fee.filter(|refunded| *refunded > notification.total)
    {
        return Err(Mismatch::RefundAboveTotal { refunded, total: notification.total });
    }
    match notification.gmt_create.or(notification.gmt_payment) {
        Some(trade) if trade + TRADE_BEFORE_ORDER < terms.created_at => {
            Err(Mismatch::OlderThanOrder { trade, order: terms.created_at })
        }
        _ => Ok(()),
    }
}

/// Checks the answer to a refund against the order and the merchant. The answer names neither seller nor app; only its
/// signature connects it with the merchant.
///
/// # Errors
/// The first [`Mismatch`] found.
pub fn agree_refund(
    terms: &OrderTerms,
    account: &MerchantAccount,
    answer: &ConfirmedRefund,
) -> Result<(), Mismatch> {
    terms.belongs_to(account)?;
    if let Some(answered) = answer.total.filter(|total| *total != terms.total_fee) {
        return Err(Mismatch::Total { order: terms.total_fee, notification: answered });
    }
    let refunded = answer.refunded.unwrap_or_default().max(answer.amount);
    if refunded > terms.total_fee {
        return Err(Mismatch::RefundAboveTotal { refunded, total: terms.total_fee });
    }
    Ok(())
}

/// Both values where both are there and differ.
fn differs(configured: &Option<String>, received: &Option<String>) -> Option<(String, String)> {
    match (configured, received) {
        (Some(configured), Some(received)) if configured != received => {
            Some((configured.clone(), received.clone()))
        }
        _ => None,
    }
}

/// `CNY`, or its ISO 4217 number 156 which some interfaces write; `RMB` in old ones.
fn is_cny(currency: &str) -> bool {
    ["CNY", "156", "RMB"].iter().any(|known| currency.eq_ignore_ascii_case(known))
}

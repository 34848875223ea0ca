//! A payment that no order took: what Alipay has sent about it, as a trade of its own.

use alipay::{Fen, TradeStatusSync};
use chrono::{DateTime, Utc};

use crate::{MerchantAccount, Mismatch, OrderRecord, OrderTerms, ProductKind, Refund, Trade};

/// A payment whose notification was rejected: it does not agree with the order that it names, or there is no
/// such order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedPayment {
    /// The number of the order that it names.
    pub order: String,
    /// The merchant that it came for, as the configuration calls it.
    pub merchant: String,
    /// The total of the trade, fen.
    pub total: Fen,
    /// What Alipay has sent about it.
    pub trade: Trade,
}

/// One rejected message about the trade.
#[derive(Debug, Clone, Copy)]
pub enum RejectedMessage<'a> {
    /// A notification.
    Notification(&'a TradeStatusSync),
    /// An answer of the gateway.
    Answer(&'a TradeStatusSync),
}

impl<'a> RejectedMessage<'a> {
    /// What it says.
    pub fn trade(self) -> &'a TradeStatusSync {
        match self {
            RejectedMessage::Notification(trade) | RejectedMessage::Answer(trade) => trade,
        }
    }
}

/// What the refund requests that Alipay has accepted say of one trade's money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefundSum {
    /// The amounts of the requests, added up, fen.
    pub amounts: Fen,
    /// The greatest running total that Alipay has answered, fen. It has also what was given back on Alipay's own page.
    pub running_total: Fen,
}

impl RefundSum {
    /// Adds a request that Alipay has accepted.
    #[must_use]
    pub fn with(self, amount: Fen, running_total: Option<Fen>) -> RefundSum {
        RefundSum {
            amounts: Fen::new(self.amounts.get().saturating_add(amount.get())),
            running_total: self.running_total.max(running_total.unwrap_or_default()),
        }
    }

    /// What went back at least, fen.
    pub fn refunded(self) -> Fen {
        self.amounts.max(self.running_total)
    }

    /// All of a payment of this total went back.
    pub fn covers(self, total: Fen) -> bool {
        self.refunded() >= total
    }
}

impl RejectedPayment {
    /// Merges messages about one trade and the refunds of it that are on record; `None` without a message. Which
    /// seller or application took the money does not matter here: Alipay decides who may give it back.
    ///
    /// # Errors
    /// [`Mismatch`]: amounts in another currency, or messages that contradict each other about the total.
    pub fn of(
        merchant: &str,
        messages: &[RejectedMessage<'_>],
        refunds: impl IntoIterator<Item = Refund>,
    ) -> Result<Option<RejectedPayment>, Mismatch> {
        let Some(first) = messages.first().map(|message| message.trade()) else { return Ok(None) };
        let account = MerchantAccount {
            merchant: merchant.to_owned(),
            seller_id: None,
            app_id: None,
            refunds_late: false,
            confirms_above: None,
            longest_time_to_pay: None,
        };
        let terms = OrderTerms {
            id: first.out_trade_no.clone(),
            merchant: merchant.to_owned(),
            total_fee: first.total,
            // No trade is older.
            created_at: DateTime::<Utc>::MIN_UTC,
            expires_at: None,
        };
        let mut record = OrderRecord::new(terms, ProductKind::Manual);
        for message in messages {
            match message {
                RejectedMessage::Notification(it) => record.apply_notification(&account, it)?,
                RejectedMessage::Answer(it) => record.apply_answer(&account, it)?,
            }
        }
        for refund in refunds {
            if refund.trade_no == first.trade_no {
                record.apply_refund(refund);
            }
        }
        let trade = record.trades.remove(&first.trade_no);
        Ok(trade.map(|trade| RejectedPayment {
            order: first.out_trade_no.clone(),
            merchant: merchant.to_owned(),
            total: first.total,
            trade,
        }))
    }
}

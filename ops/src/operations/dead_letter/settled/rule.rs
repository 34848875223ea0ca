//! What a dead letter says, and whether that is settled by now.
//!
//! A letter is *settled* when nothing is left to do about it: what it says is recorded, or the money that it reports is
//! explained. The rule is strict, since settled letters are discarded in bulk. In doubt, and where the
//! message cannot be read and verified today, a letter is not settled. The reason of its death plays no part.

use alipay::TradeStatusSync;
use order::agreement::agree;
use order::{Facts, MerchantAccount, OrderTerms, Refund, RefundSum, RejectedPayment, Trade};
use serde::Serialize;

/// Why nothing is left to do about a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(Serialize, strum::Display, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum SettledReason {
    /// Workers have processed the same message after the letter died.
    WorkedOn,
    /// What it says is recorded: from another message, a person's decision or the gateway.
    InBooks,
    /// No order accepted the payment, and all of it was refunded.
    GivenBack,
    /// No order accepted the trade, and it was closed unpaid.
    NeverPaid,
}

impl SettledReason {
    /// In words.
    pub(crate) fn words(self) -> &'static str {
        match self {
            SettledReason::WorkedOn => "the same message was worked on after this letter died",
            SettledReason::InBooks => "what it says is already recorded",
            SettledReason::GivenBack => "no order accepted the payment, and all of it was refunded",
            SettledReason::NeverPaid => "no order accepted the trade, and it was closed unpaid",
        }
    }

    /// And in Chinese.
    pub(crate) fn chinese(self) -> &'static str {
        match self {
            SettledReason::WorkedOn => "同一条消息后来已处理",
            SettledReason::InBooks => "所述内容已入账",
            SettledReason::GivenBack => "没有订单接受这笔付款，款项已全额退回",
            SettledReason::NeverPaid => "没有订单接受这笔交易，未付款即关闭",
        }
    }
}

/// Whether a message about a trade is a notification or an answer of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MessageSource {
    Notification,
    Gateway,
}

/// What is known of the trade that a letter is about.
pub(crate) enum KnownTrade<'a> {
    /// The order that the letter names has it.
    OfOrder { terms: &'a OrderTerms, trade: &'a Trade },
    /// Another order has it.
    OfAnother,
    /// No order has it. What rejected messages say of it, where they do not contradict each other, and what
    /// operators had Alipay give back.
    WithoutOrder { payment: Option<&'a RejectedPayment>, given_back: RefundSum },
}

/// Whether what a letter says of a trade is settled.
pub(crate) fn trade_settled(
    account: &MerchantAccount,
    message: &TradeStatusSync,
    by: MessageSource,
    known: &KnownTrade<'_>,
) -> Option<SettledReason> {
    let facts = match by {
        MessageSource::Notification => Facts::of(message),
        MessageSource::Gateway => Facts::of_answer(message),
    };
    if facts.is_empty() {
        // A status that this version does not know.
        return None;
    }
    match known {
        KnownTrade::OfAnother => None,
        KnownTrade::OfOrder { terms, trade } => {
            let agrees = agree(terms, account, message).is_ok();
            let refunded = message.refund_fee.unwrap_or_default();
            let known = agrees && is_known(facts, trade.facts) && refunded <= trade.refunded_fee;
            known.then_some(SettledReason::InBooks)
        }
        KnownTrade::WithoutOrder { payment, given_back } => {
            let payment = payment.filter(|payment| payment.total == message.total)?;
            let facts = payment.trade.facts;
            if facts.contains(Facts::REFUNDED_IN_FULL) || given_back.covers(payment.total) {
                return Some(SettledReason::GivenBack);
            }
            let money = Facts::PAID | Facts::PENDING | Facts::FINISHED;
            (facts.contains(Facts::CLOSED) && !facts.intersects(money))
                .then_some(SettledReason::NeverPaid)
        }
    }
}

/// Whether a trade with these facts has all that the message says. That the buyer was asked to pay, or that money was on its
/// way, adds nothing to a trade that has come further.
fn is_known(stated: Facts, known: Facts) -> bool {
    let mut news = stated - known;
    if known.intersects(Facts::PAID | Facts::CLOSED) {
        news -= Facts::WAITING;
    }
    if known.contains(Facts::PAID) {
        news -= Facts::PENDING;
    }
    news.is_empty()
}

/// Whether the refund in a letter is booked with the same amount and result.
pub(crate) fn refund_booked(refund: &Refund, rows: &[Refund]) -> bool {
    rows.iter().any(|row| {
        row.trade_no == refund.trade_no
            && row.refund_key == refund.refund_key
            && row.amount == refund.amount
            && row.result == refund.result
    })
}

#[cfg(test)]
mod tests;

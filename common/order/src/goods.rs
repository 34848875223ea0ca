//! Goods follow from the state of the order, never from a message.

use serde::Deserialize;

use crate::{OrderState, OrderStatus};

closed_set! {
    /// `product.kind`.
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum ProductKind {
        /// A code per unit, taken from `stock_item`.
        Stock,
        /// One `entitlement` row per order and account.
        Subscription,
        /// A person delivers and takes back.
        Manual,
    }
}

closed_set! {
    /// `fulfillment.state`. No row yet is `None` of this.
    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub enum FulfillmentState {
        /// The buyer has all units.
        Delivered,
        /// Paid, but there are not enough units; the restock sweeper delivers when there are.
        AwaitingStock,
        /// A person has to deliver.
        AwaitingManual,
        /// Delivered once and taken back.
        Returned,
        /// Refunded before anything was delivered.
        Cancelled,
        /// A paid subscription whose order names no account; the restock sweeper grants it once the order does.
        AwaitingAccount,
    }
}

closed_set! {
    /// `stock_item.state`: available → delivered → returned.
    pub enum CodeState {
        /// It can be sold.
        Available,
        /// A buyer has it.
        Delivered,
        /// It came back, and is not sold again by itself.
        Returned,
        /// It came back, and a person put it on sale again: a row of `stock_resale`. No `stock_item` is in this state.
        Resold,
        /// A person took it out of the stock: a row of `stock_withdrawn_code`. No `stock_item` is in this state.
        Withdrawn,
    }
}

impl FulfillmentState {
    /// The goods went to the buyer, whether they came back or not.
    pub fn is_given(self) -> bool {
        matches!(self, FulfillmentState::Delivered | FulfillmentState::Returned)
    }

    /// Paid, and the goods are not out yet.
    pub fn is_waiting(self) -> bool {
        use FulfillmentState::{AwaitingAccount, AwaitingManual, AwaitingStock};
        matches!(self, AwaitingStock | AwaitingManual | AwaitingAccount)
    }
}

/// What has to happen with the goods of an order now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodsDecision {
    /// Nothing.
    Nothing,
    /// Give the buyer all units, or wait for stock or a person.
    Deliver,
    /// Take back what was given.
    TakeBack,
    /// Refunded while waiting, or the payment is late and is refunded: stop waiting.
    Cancel,
}

impl GoodsDecision {
    /// Decides by the state of the order and by what has been done with its goods so far.
    ///
    /// Goods go out at most once and come back at most once: after `returned` nothing is delivered again
    /// automatically, a review is raised instead.
    pub fn of(state: &OrderState, fulfillment: Option<FulfillmentState>) -> GoodsDecision {
        use FulfillmentState::{AwaitingAccount, AwaitingStock, Cancelled, Delivered};
        if state.deserves_goods() {
            match fulfillment {
                None | Some(AwaitingStock | AwaitingAccount | Cancelled) => GoodsDecision::Deliver,
                Some(_) => GoodsDecision::Nothing,
            }
        } else if state.status == OrderStatus::Refunded {
            match fulfillment {
                Some(Delivered) => GoodsDecision::TakeBack,
                Some(waiting) if waiting.is_waiting() => GoodsDecision::Cancel,
                _ => GoodsDecision::Nothing,
            }
        } else if state.facts.is_late() && fulfillment.is_some_and(FulfillmentState::is_waiting) {
            GoodsDecision::Cancel
        } else {
            GoodsDecision::Nothing
        }
    }
}

/// Whether the account of an order says who gets a subscription. Blanks name nobody: `fulfillment::accounts_named` of
/// `store` says the same in SQL.
#[must_use]
pub fn names_account(account: &str) -> bool {
    !account.trim_matches(' ').is_empty()
}

#[cfg(test)]
mod tests {
    use super::names_account;

    #[test]
    fn blanks_name_no_account() {
        for account in ["", " ", "   "] {
            assert!(!names_account(account), "{account:?}");
        }
        for account in ["a", " a ", "张三"] {
            assert!(names_account(account), "{account:?}");
        }
    }
}

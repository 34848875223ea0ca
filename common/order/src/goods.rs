//! Goods follow from the state of the order, never from a message.

use serde::{Deserialize, Serialize};

use crate::{OrderState, OrderStatus};

/// `product.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProductKind {
    /// A code per unit, taken from `stock_item`.
    Stock,
    /// One `entitlement` row per order and account.
    Subscription,
    /// A person delivers and takes back.
    Manual,
}

impl ProductKind {
    /// The word in the `kind` column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ProductKind::Stock => "stock",
            ProductKind::Subscription => "subscription",
            ProductKind::Manual => "manual",
        }
    }

    /// Reads the `kind` column.
    #[must_use]
    pub fn from_column(column: &str) -> Option<ProductKind> {
        [ProductKind::Stock, ProductKind::Subscription, ProductKind::Manual]
            .into_iter()
            .find(|kind| kind.as_str() == column)
    }
}

/// `fulfillment.state`. No row yet is `None` of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FulfillmentState {
    /// All units are with the buyer.
    Delivered,
    /// Paid, but there are not enough units; the restock sweeper delivers when there are.
    AwaitingStock,
    /// A person has to deliver.
    AwaitingManual,
    /// Delivered once and taken back.
    Returned,
    /// Refunded before anything was delivered.
    Cancelled,
}

impl FulfillmentState {
    /// Every state.
    pub const ALL: [FulfillmentState; 5] = [
        FulfillmentState::Delivered,
        FulfillmentState::AwaitingStock,
        FulfillmentState::AwaitingManual,
        FulfillmentState::Returned,
        FulfillmentState::Cancelled,
    ];

    /// The word in the `state` column.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            FulfillmentState::Delivered => "delivered",
            FulfillmentState::AwaitingStock => "awaiting_stock",
            FulfillmentState::AwaitingManual => "awaiting_manual",
            FulfillmentState::Returned => "returned",
            FulfillmentState::Cancelled => "cancelled",
        }
    }

    /// Reads the `state` column.
    #[must_use]
    pub fn from_column(column: &str) -> Option<FulfillmentState> {
        FulfillmentState::ALL.into_iter().find(|state| state.as_str() == column)
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
    /// Refunded while waiting, or the money is late and goes back: stop waiting.
    Cancel,
}

impl GoodsDecision {
    /// Decides by the state of the order and by what has been done with its goods so far.
    ///
    /// Goods go out at most once and come back at most once: after `returned` nothing is delivered
    /// again by itself, a review is raised instead.
    #[must_use]
    pub fn of(state: &OrderState, fulfillment: Option<FulfillmentState>) -> GoodsDecision {
        use FulfillmentState::{AwaitingManual, AwaitingStock, Cancelled, Delivered};
        if state.deserves_goods() {
            match fulfillment {
                None | Some(AwaitingStock | Cancelled) => GoodsDecision::Deliver,
                Some(_) => GoodsDecision::Nothing,
            }
        } else if state.status == OrderStatus::Refunded {
            match fulfillment {
                Some(Delivered) => GoodsDecision::TakeBack,
                Some(AwaitingStock | AwaitingManual) => GoodsDecision::Cancel,
                _ => GoodsDecision::Nothing,
            }
        } else if state.is_late() && matches!(fulfillment, Some(AwaitingStock | AwaitingManual)) {
            GoodsDecision::Cancel
        } else {
            GoodsDecision::Nothing
        }
    }
}

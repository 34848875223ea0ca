//! What an order is, as pure functions.
//!
//! Notifications repeat, overtake each other and arrive months late, so an order is not moved from
//! state to state by the message that came last. Instead:
//!
//! 1. every notification adds [`Facts`] to its [`Trade`], and so does what the gateway answers to a
//!    question or to a refund ([`RefundAnswered`]); facts only grow and attributes merge so that order
//!    does not matter;
//! 2. before facts count, the notification must *agree* with the order ([`agreement`]): same total,
//!    seller, app, merchant and currency, and a trade that is not older than the order;
//!    A notification that could have been put together by somebody else, under the same signature, is a
//!    [`Doubt`]: it adds nothing, and the gateway is asked;
//! 3. the [`OrderState`] is computed from the trades, never stored as an input ([`status`]);
//! 4. goods follow from the state ([`goods`]), never from a message;
//! 5. what a person must look at is computed too ([`review`]), and so are the events for the shop
//!    ([`event`]).
//!
//! An [`OrderRecord`] holds all that is known of one order and is the only entry point the worker
//! needs: *learn*, then ask for the state.
//!
//! An order can have a time until which it is to be paid ([`late`]): it then expires, and what is
//! paid later is late. The merchant's policy says whether that is a payment like any other or money
//! that goes back.
//!
//! Nothing here reads a clock, a socket or a database: time is an argument. Telling a record twice
//! what it knows changes nothing, which is why duplicates, replays, redeliveries and crashes need
//! no special path anywhere in the system. `tests/exhaustive.rs` runs every arrival order.

/// Gives a closed set `as_str`: the text that its variants have in columns, messages and metrics.
macro_rules! as_str {
    ($closed_set:ty) => {
        impl $closed_set {
            /// The word in columns, messages and metrics.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    };
}

pub mod agreement;
pub mod decision;
pub mod doubt;
pub mod event;
pub mod facts;
pub mod goods;
pub mod late;
pub mod outcome;
pub mod query;
pub mod record;
pub mod refund;
pub mod rejected;
pub mod review;
pub mod status;
pub mod time_limit;
pub mod trade;

pub use agreement::{MerchantAccount, Mismatch, OrderTerms};
pub use decision::{Decision, DecisionState, ImpossibleDecision};
pub use doubt::Doubt;
pub use event::Event;
pub use facts::Facts;
pub use goods::{FulfillmentState, GoodsDecision, ProductKind};
pub use outcome::{MessageOutcome, RejectionReason, Remark};
pub use query::QueryReason;
pub use record::OrderRecord;
pub use refund::{Refund, RefundAnswered, RefundRequestState};
pub use rejected::{RejectedMessage, RejectedPayment};
pub use review::{Review, ReviewReason, ReviewState};
pub use status::{OrderState, OrderStatus, RefundStatusCode, TradeStatusCode};
pub use time_limit::{ImplausibleLimit, time_limit};
pub use trade::{Parties, Trade};

/// `VARIANTS` of every closed set here.
pub use strum::VariantArray;

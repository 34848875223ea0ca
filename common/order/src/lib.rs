//! What an order is, as pure functions.
//!
//! Notifications repeat, overtake each other and arrive months late, so an order is not moved from
//! state to state by the message that came last. Instead:
//!
//! 1. every notification adds [`Facts`] to its [`Trade`], and so does the gateway's answer to a question or to a
//!    refund ([`ConfirmedRefund`]); facts only grow, and attributes merge in a way that does not depend on the order
//!    of arrival;
//! 2. before facts count, the notification must *agree* with the order ([`agreement`]): same total,
//!    seller, app, merchant and currency, and a trade that is not older than the order.
//!    A notification that an attacker could have composed under a genuine signature is a [`Doubt`]: it adds no
//!    facts, and the gateway is asked;
//! 3. the [`OrderState`] is computed from the trades, never stored as an input ([`status`]);
//! 4. goods follow from the state ([`goods`]), never from a message;
//! 5. what a person must look at is computed too ([`review`]), and so are the events for the shop
//!    ([`event`]).
//!
//! An [`OrderRecord`] holds all that is known of one order and is the only entry point the worker
//! needs: *apply* what came, then compute the state.
//!
//! An order can have a time limit for its payment ([`late`]): it then expires, and a payment after that is late. The
//! merchant's policy decides whether a late payment counts as any other or is refunded.
//!
//! Nothing here reads a clock, a socket or a database: time is an argument. Applying a message twice changes
//! nothing, which is why duplicates, replays, redeliveries and crashes need no special path anywhere in the system.
//! `tests/exhaustive.rs` runs every arrival order.

/// Gives an enum `as_str`: the words of its variants.
macro_rules! as_str {
    ($name:ident) => {
        impl $name {
            /// The word in columns, messages and metrics.
            pub fn as_str(self) -> &'static str {
                self.into()
            }
        }
    };
}

/// Declares a closed set: an enum with the words that columns, messages and metrics have for it. A word is the name of
/// its variant in snake case; it is what the set serialises as.
macro_rules! closed_set {
    (
        $(#[$attribute:meta])*
        pub enum $name:ident { $($(#[$of_variant:meta])* $variant:ident,)+ }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(strum::Display, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
        #[derive(serde::Serialize)]
        #[serde(into = "&'static str")]
        #[strum(serialize_all = "snake_case")]
        pub enum $name { $($(#[$of_variant])* $variant,)+ }

        as_str!($name);
    };
}

pub mod agreement;
pub mod alarm;
pub mod amendment;
pub mod dead_letter;
pub mod decision;
pub mod doubt;
pub mod event;
pub mod facts;
pub mod goods;
pub mod late;
pub mod operator_action;
pub mod outcome;
pub mod pause;
pub mod payment;
pub mod query;
pub mod record;
pub mod refund;
pub mod rejected_payment;
pub mod review;
pub mod status;
pub mod time_limit;
pub mod trade;
pub mod undelivered;

pub use alipay::Parties;

pub use agreement::{MerchantAccount, Mismatch, OrderTerms};
pub use alarm::{AlarmMessageKind, AlarmSource};
pub use amendment::{AmendmentState, FixedTerm, OrderTerm};
pub use dead_letter::{DeadLetterState, LetterAction};
pub use decision::{Decision, DecisionState, ImpossibleDecision};
pub use doubt::Doubt;
pub use event::Event;
pub use facts::Facts;
pub use goods::{CodeState, FulfillmentState, GoodsDecision, ProductKind, names_account};
pub use operator_action::{ActionResult, ActionSource, ActionSubject, OperatorAction};
pub use outcome::{MessageOutcome, RejectionReason, Remark};
pub use pause::PauseScope;
pub use payment::PaymentState;
pub use query::QueryReason;
pub use record::OrderRecord;
pub use refund::{ConfirmedRefund, Refund, RefundRequestState, RepeatedBy};
pub use rejected_payment::{RefundSum, RejectedMessage, RejectedPayment};
pub use review::{Review, ReviewReason, ReviewState};
pub use status::{OrderState, OrderStatus, RefundStatusCode, TradeStatusCode};
pub use time_limit::{ImplausibleLimit, LONGEST_TIME_LIMIT, time_limit};
pub use trade::Trade;
pub use undelivered::Undelivered;

/// `VARIANTS` of every closed set here.
pub use strum::VariantArray;

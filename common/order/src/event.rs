//! Events for the shop: one per newly added fact or effect, unique per order and event.

use crate::{Facts, FulfillmentState, OrderState};

/// What the shop can learn about an order. The routing key in `alipay.events`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each word is its own explanation")]
pub enum Event {
    Paid,
    Delivered,
    Finished,
    Closed,
    RefundedInPart,
    Refunded,
    Returned,
    NeedsReview,
}

impl Event {
    /// The routing key, also the `event` column of `outbox`.
    #[must_use]
    pub fn routing_key(self) -> &'static str {
        match self {
            Event::Paid => "order.paid",
            Event::Delivered => "order.delivered",
            Event::Finished => "order.finished",
            Event::Closed => "order.closed",
            Event::RefundedInPart => "order.refunded_in_part",
            Event::Refunded => "order.refunded",
            Event::Returned => "order.returned",
            Event::NeedsReview => "order.needs_review",
        }
    }
}

/// The order at one moment, as far as events depend on it.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The computed state.
    pub state: &'a OrderState,
    /// What was done with the goods.
    pub fulfillment: Option<FulfillmentState>,
    /// An open review exists.
    pub needs_review: bool,
}

impl Moment<'_> {
    fn shows(&self, event: Event) -> bool {
        use FulfillmentState::{Delivered, Returned};
        let facts = self.state.facts;
        match event {
            Event::Paid => facts.contains(Facts::PAID),
            Event::Delivered => matches!(self.fulfillment, Some(Delivered | Returned)),
            Event::Finished => facts.contains(Facts::FINISHED),
            Event::Closed => self.state.is_closed_unpaid(),
            Event::RefundedInPart => {
                facts.contains(Facts::REFUNDED_IN_PART) && !facts.contains(Facts::REFUNDED_IN_FULL)
            }
            Event::Refunded => facts.contains(Facts::REFUNDED_IN_FULL),
            Event::Returned => self.fulfillment == Some(Returned),
            Event::NeedsReview => self.needs_review,
        }
    }
}

/// The events that became true between two moments, in the order in which a shop wants them.
#[must_use]
pub fn between(before: Moment<'_>, after: Moment<'_>) -> Vec<Event> {
    use Event::{
        Closed, Delivered, Finished, NeedsReview, Paid, Refunded, RefundedInPart, Returned,
    };
    [Paid, Delivered, Finished, Closed, RefundedInPart, Refunded, Returned, NeedsReview]
        .into_iter()
        .filter(|event| after.shows(*event) && !before.shows(*event))
        .collect()
}

//! Events for the shop: one per newly added fact or effect, unique per order and event.

use strum::VariantArray;

use crate::{Facts, FulfillmentState, OrderState};

closed_set! {
    /// An event for the shop: the routing key in `alipay.events` and the `event` column of `outbox`. In
    /// the order in which a shop wants them.
    #[expect(missing_docs, reason = "each word is its own explanation")]
    pub enum Event {
        #[strum(serialize = "order.paid")]
        Paid,
        #[strum(serialize = "order.delivered")]
        Delivered,
        #[strum(serialize = "order.finished")]
        Finished,
        #[strum(serialize = "order.closed")]
        Closed,
        #[strum(serialize = "order.refunded_in_part")]
        RefundedInPart,
        #[strum(serialize = "order.refunded")]
        Refunded,
        #[strum(serialize = "order.returned")]
        Returned,
        #[strum(serialize = "order.needs_review")]
        NeedsReview,
    }
}

/// The order at one moment, as far as events depend on it.
#[derive(Debug, Clone, Copy)]
pub struct OrderSnapshot<'a> {
    /// The computed state.
    pub state: &'a OrderState,
    /// What was done with the goods.
    pub fulfillment: Option<FulfillmentState>,
    /// An open review exists.
    pub needs_review: bool,
}

impl OrderSnapshot<'_> {
    fn shows(&self, event: Event) -> bool {
        let facts = self.state.facts;
        match event {
            Event::Paid => facts.contains(Facts::PAID),
            Event::Delivered => self.fulfillment.is_some_and(FulfillmentState::is_given),
            Event::Finished => facts.contains(Facts::FINISHED),
            Event::Closed => self.state.payment().is_closed_unpaid(),
            Event::RefundedInPart => {
                facts.contains(Facts::REFUNDED_IN_PART) && !facts.contains(Facts::REFUNDED_IN_FULL)
            }
            Event::Refunded => facts.contains(Facts::REFUNDED_IN_FULL),
            Event::Returned => self.fulfillment == Some(FulfillmentState::Returned),
            Event::NeedsReview => self.needs_review,
        }
    }
}

/// The events that became true between two moments.
pub fn between(before: OrderSnapshot<'_>, after: OrderSnapshot<'_>) -> Vec<Event> {
    Event::VARIANTS
        .iter()
        .copied()
        .filter(|event| after.shows(*event) && !before.shows(*event))
        .collect()
}

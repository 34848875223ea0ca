//! Why the goods of a payment are not with the buyer.

use crate::{Facts, FulfillmentState, PaymentState};

closed_set! {
    /// Why a buyer who has paid has no goods.
    pub enum Undelivered {
        /// Alipay holds the money: the seller's account cannot receive yet (`TRADE_PENDING`).
        PaymentPending,
        /// Closed after the payment: it is not known where the money is.
        PaymentInDoubt,
        /// Paid after the order's time limit, and such payments are refunded.
        PaidLate,
        /// A notification says paid, and the gateway's confirmation is wanted first.
        AwaitingConfirmation,
        /// There are not enough units.
        AwaitingStock,
        /// A person has to deliver.
        AwaitingManual,
        /// A subscription whose order names no account.
        AwaitingAccount,
        /// No worker has come to its goods yet.
        InProgress,
        /// The message about the payment is a dead letter.
        DeadLetter,
        /// A message about the order waits in a retry tier.
        Retrying,
        /// A message about the order waits for the end of a pause.
        Paused,
        /// What is stored about the order disagrees with itself.
        Inconsistent,
    }
}

impl Undelivered {
    /// Judges an order by what its trades say and what was done with its goods. `None`: the goods went out, or nothing is
    /// paid here. A message that no worker could apply is not known here, so [`DeadLetter`](Undelivered::DeadLetter),
    /// [`Retrying`](Undelivered::Retrying), [`Paused`](Undelivered::Paused) and [`Inconsistent`](Undelivered::Inconsistent) are
    /// said by whoever lists orders.
    pub fn of(
        payment: PaymentState,
        facts: Facts,
        goods: Option<FulfillmentState>,
    ) -> Option<Undelivered> {
        if goods.is_some_and(FulfillmentState::is_given) {
            return None;
        }
        let reason = match (payment, goods) {
            (
                PaymentState::Unpaid
                | PaymentState::Expired
                | PaymentState::ClosedUnpaid
                | PaymentState::Refunded,
                _,
            ) => return None,
            (PaymentState::Pending, _) => Undelivered::PaymentPending,
            (PaymentState::InDoubt, _) => Undelivered::PaymentInDoubt,
            (PaymentState::Paid, _) if facts.is_late() => Undelivered::PaidLate,
            (PaymentState::Paid, Some(FulfillmentState::AwaitingStock)) => {
                Undelivered::AwaitingStock
            }
            (PaymentState::Paid, Some(FulfillmentState::AwaitingManual)) => {
                Undelivered::AwaitingManual
            }
            (PaymentState::Paid, Some(FulfillmentState::AwaitingAccount)) => {
                Undelivered::AwaitingAccount
            }
            (PaymentState::Paid, _) if facts.awaits_confirmation() => {
                Undelivered::AwaitingConfirmation
            }
            (PaymentState::Paid, _) => Undelivered::InProgress,
        };
        Some(reason)
    }

    /// The order deserves its goods, and only they are missing.
    pub fn awaits_goods(self) -> bool {
        use Undelivered::{AwaitingAccount, AwaitingManual, AwaitingStock};
        matches!(self, AwaitingStock | AwaitingManual | AwaitingAccount)
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::Undelivered;
    use crate::{Facts, FulfillmentState, GoodsDecision, OrderState, PaymentState, Trade};

    /// Every order that can be deserves goods that it has not, or is not delivered for another reason.
    #[test]
    fn it_agrees_with_what_a_worker_does() {
        let goods = FulfillmentState::VARIANTS.iter().copied().map(Some).chain([None]);
        let goods: Vec<_> = goods.collect();
        for facts in (0..=Facts::all().bits()).filter_map(Facts::from_bits) {
            for expired in [false, true] {
                let trade = Trade { facts, ..Trade::new("1") };
                let state = OrderState::of([&trade].into_iter(), expired);
                let is_paid = state.facts.contains(Facts::PAID);
                if state.payment() == PaymentState::Paid && !is_paid {
                    // Facts that come with a payment, alone: no message states them so.
                    continue;
                }
                for goods in goods.iter().copied() {
                    let reason = Undelivered::of(state.payment(), state.facts, goods);
                    let is_given = goods.is_some_and(FulfillmentState::is_given);
                    let waits = reason.is_some_and(Undelivered::awaits_goods);
                    let deserves = state.deserves_goods() && !is_given;
                    let in_progress = reason == Some(Undelivered::InProgress);
                    let unconfirmed = state.facts.awaits_confirmation();
                    assert!(
                        deserves == (waits || in_progress) || (waits && unconfirmed),
                        "{facts:?} {goods:?} {reason:?}"
                    );
                    if in_progress {
                        let decision = GoodsDecision::of(&state, goods);
                        assert_eq!(decision, GoodsDecision::Deliver, "{facts:?} {goods:?}");
                    }
                    assert!(!is_given || reason.is_none(), "{facts:?} {goods:?} {reason:?}");
                }
            }
        }
    }
}

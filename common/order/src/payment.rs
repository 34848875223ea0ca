//! Whether an order is paid, read from its computed columns.

use alipay::QueryAnswer;
use chrono::{DateTime, Utc};

use crate::{OrderState, OrderStatus, TradeStatusCode};

/// Whether an order is paid: what `status`, `trade_status` and `is_finish` say together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    /// Placed, nothing paid.
    Unpaid,
    /// Placed, and paid to a seller's account that cannot receive yet: Alipay holds the money.
    Pending,
    /// Closed, since its time is over and Alipay knew no trade to close. A buyer whose page is open can still pay.
    Expired,
    /// Closed without payment.
    ClosedUnpaid,
    /// Closed after a payment, and it is not confirmed where the money is.
    InDoubt,
    /// Paid, and not refunded in full.
    Paid,
    /// Refunded in full.
    Refunded,
}

impl PaymentState {
    /// Reads the columns.
    pub fn of(status: OrderStatus, trade_status: TradeStatusCode, is_finish: bool) -> PaymentState {
        match (status, trade_status) {
            (OrderStatus::Placed, TradeStatusCode::TradePending) => PaymentState::Pending,
            (OrderStatus::Placed, _) => PaymentState::Unpaid,
            (OrderStatus::Closed, _) if is_finish => PaymentState::ClosedUnpaid,
            (OrderStatus::Closed, TradeStatusCode::TradeClosed) => PaymentState::InDoubt,
            (OrderStatus::Closed, _) => PaymentState::Expired,
            (OrderStatus::Paid | OrderStatus::Finished | OrderStatus::RefundClosed, _) => {
                PaymentState::Paid
            }
            (OrderStatus::Refunded, _) => PaymentState::Refunded,
        }
    }

    /// Reads the columns as numbers; none where one of them is no status.
    pub fn of_codes(status: i16, trade_status: i16, is_finish: bool) -> Option<PaymentState> {
        let status = OrderStatus::from_code(status)?;
        Some(PaymentState::of(status, TradeStatusCode::from_code(trade_status)?, is_finish))
    }

    /// Closed, and nothing is paid.
    pub fn is_closed_unpaid(self) -> bool {
        matches!(self, PaymentState::Expired | PaymentState::ClosedUnpaid)
    }

    /// No payment has arrived: placed, or closed without one.
    pub fn is_unpaid(self) -> bool {
        self == PaymentState::Pending || self.was_never_paid()
    }

    /// No buyer has paid, also not to an account that cannot receive yet. Once the order's time is over, Alipay is asked
    /// to close what trades it has.
    pub fn was_never_paid(self) -> bool {
        self == PaymentState::Unpaid || self.is_closed_unpaid()
    }

    /// When the order's time ended, `end`, of one that is still unpaid at `now`: it should be closed.
    pub fn unpaid_since(
        self,
        end: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        end.filter(|end| self == PaymentState::Unpaid && *end < now)
    }

    /// The order is paid here, and the gateway answers that it knows of no payment. Its servers can be behind its own
    /// notification, so it is asked a second time before anybody believes that.
    pub fn is_contradicted_by(self, answer: &QueryAnswer) -> bool {
        self == PaymentState::Paid && answer.is_unpaid()
    }
}

impl OrderState {
    /// Whether the order is paid.
    pub fn payment(&self) -> PaymentState {
        PaymentState::of(self.status, self.trade_status, self.is_finish)
    }
}

#[cfg(test)]
mod tests {
    use alipay::QueryAnswer;
    use chrono::{DateTime, TimeDelta, Utc};

    use super::PaymentState;
    use crate::{Facts, OrderState, OrderStatus, Trade};

    #[test]
    fn the_columns_say_what_the_facts_say() {
        let mut seen = Vec::new();
        for bits in 0..=Facts::all().bits() {
            let Some(facts) = Facts::from_bits(bits) else { continue };
            for expired in [false, true] {
                let trade = Trade { facts, ..Trade::new("1") };
                let state = OrderState::of([&trade].into_iter(), expired);
                let closed = state.status == OrderStatus::Closed;
                let paid = state.facts.contains(Facts::PAID);
                let payment = state.payment();
                assert_eq!(payment.is_closed_unpaid(), closed && !paid, "{facts:?} {expired}");
                assert!(!payment.is_unpaid() || !paid, "{facts:?} {expired}");
                let in_doubt = payment == PaymentState::InDoubt;
                assert_eq!(in_doubt, closed && paid, "{facts:?} {expired}");
                if !seen.contains(&payment) {
                    seen.push(payment);
                }
            }
        }
        assert_eq!(seen.len(), 7, "{seen:?}");
    }

    #[test]
    fn only_a_paid_order_is_contradicted_by_an_answer_without_a_payment() {
        let of = |status| PaymentState::of_codes(status, 0, false).unwrap();
        let paid = [(0, false), (8, true), (4, true), (32, false), (105, false), (106, true)];
        for (status, is_paid) in paid {
            assert_eq!(of(status).is_contradicted_by(&QueryAnswer::NotExist), is_paid, "{status}");
        }
    }

    #[test]
    fn an_unpaid_order_should_be_closed_once_its_time_is_over() {
        let end: DateTime<Utc> = "2026-11-23T12:00:00Z".parse().unwrap();
        let later = end + TimeDelta::seconds(1);
        assert_eq!(PaymentState::Unpaid.unpaid_since(Some(end), later), Some(end));
        assert_eq!(PaymentState::Unpaid.unpaid_since(Some(end), end), None);
        assert_eq!(PaymentState::Unpaid.unpaid_since(None, later), None);
        for other in [PaymentState::Pending, PaymentState::Expired, PaymentState::Paid] {
            assert_eq!(other.unpaid_since(Some(end), later), None, "{other:?}");
        }
    }
}

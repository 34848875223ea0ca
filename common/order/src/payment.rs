//! Whether an order is paid, read from its computed columns.

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
        matches!(self, PaymentState::Unpaid | PaymentState::Pending) || self.is_closed_unpaid()
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
                let in_doubt = payment == PaymentState::InDoubt;
                assert_eq!(in_doubt, closed && paid, "{facts:?} {expired}");
                if !seen.contains(&payment) {
                    seen.push(payment);
                }
            }
        }
        assert_eq!(seen.len(), 7, "{seen:?}");
    }
}

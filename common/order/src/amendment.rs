//! Which terms of an order a person may still amend.
//!
//! A notification that disagrees with its order cannot be edited, since it is signed: where the shop wrote the order wrongly,
//! the order is amended. What has happened already stays true: a term that a payment or a delivery went by is fixed.

use crate::{Facts, FulfillmentState, OrderRecord, Trade};

closed_set! {
    /// What of an order can be amended.
    pub enum OrderTerm {
        /// `user_order.total_fee`.
        Total,
        /// `user_order.product_id`.
        Product,
        /// `user_order.merchant`.
        Merchant,
        /// `user_order.expires_at`.
        TimeLimit,
    }
}

closed_set! {
    /// `amendment.state`
    pub enum AmendmentState {
        /// It waits for a second person.
        Proposed,
        /// The order has these terms, or had them until the next amendment.
        Applied,
        /// It was taken back, or a second person refused it.
        Withdrawn,
    }
}

/// Why a term is fixed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FixedTerm {
    /// Money has moved.
    #[error("trade {0} has paid this order")]
    Paid(String),
    /// Alipay has reported a trade under this merchant.
    #[error("trade {0} of this merchant belongs to the order")]
    Traded(String),
    /// Something was decided about its goods.
    #[error("its goods are {0}")]
    Goods(FulfillmentState),
    /// Its time is over, and it was closed for that.
    #[error("it has expired")]
    Expired,
}

impl OrderRecord {
    /// Whether a term may be amended.
    ///
    /// # Errors
    /// [`FixedTerm`]
    pub fn may_amend(&self, term: OrderTerm) -> Result<(), FixedTerm> {
        let number = |trade: &Trade| trade.trade_no.clone();
        let moved = Facts::PAID | Facts::PENDING;
        let paid = self.trades.values().find(|trade| trade.facts.intersects(moved)).map(number);
        match term {
            OrderTerm::Total => paid.map_or(Ok(()), |it| Err(FixedTerm::Paid(it))),
            // It is closed by the word of this merchant's gateway.
            OrderTerm::TimeLimit | OrderTerm::Merchant if self.expired_at.is_some() => {
                Err(FixedTerm::Expired)
            }
            OrderTerm::TimeLimit => paid.map_or(Ok(()), |it| Err(FixedTerm::Paid(it))),
            OrderTerm::Merchant => {
                let any = self.trades.values().next().map(number);
                any.map_or(Ok(()), |it| Err(FixedTerm::Traded(it)))
            }
            // Codes of another product can still be given.
            OrderTerm::Product => match self.fulfillment {
                None | Some(FulfillmentState::AwaitingStock) => Ok(()),
                Some(state) => Err(FixedTerm::Goods(state)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use alipay::Fen;

    use super::*;
    use crate::{OrderTerms, ProductKind, VariantArray as _};

    fn order(facts: Option<Facts>) -> OrderRecord {
        let terms = OrderTerms {
            id: "A-1".to_owned(),
            merchant: "shop".to_owned(),
            total_fee: Fen::new(1000),
            created_at: "2026-11-23T04:00:00Z".parse().unwrap(),
            expires_at: None,
        };
        let mut record = OrderRecord::new(terms, ProductKind::Stock);
        if let Some(facts) = facts {
            let trade = Trade { facts, ..Trade::new("T-1") };
            record.trades.insert("T-1".to_owned(), trade);
        }
        record
    }

    fn fixed(record: &OrderRecord) -> Vec<OrderTerm> {
        let all = OrderTerm::VARIANTS.iter().copied();
        all.filter(|term| record.may_amend(*term).is_err()).collect()
    }

    #[test]
    fn what_a_payment_or_a_delivery_went_by_is_fixed() {
        use OrderTerm::{Merchant, Product, TimeLimit, Total};
        assert_eq!(fixed(&order(None)), []);
        assert_eq!(fixed(&order(Some(Facts::WAITING))), [Merchant]);
        for money in [Facts::PENDING, Facts::PAID, Facts::PAID | Facts::REFUNDED_IN_FULL] {
            assert_eq!(fixed(&order(Some(money))), [Total, Merchant, TimeLimit], "{money:?}");
        }
        let mut delivered = order(Some(Facts::PAID));
        delivered.fulfillment = Some(FulfillmentState::AwaitingStock);
        assert_eq!(fixed(&delivered), [Total, Merchant, TimeLimit]);
        delivered.fulfillment = Some(FulfillmentState::Delivered);
        assert_eq!(fixed(&delivered), [Total, Product, Merchant, TimeLimit]);
        let mut expired = order(None);
        expired.expired_at = Some("2026-11-23T05:00:00Z".parse().unwrap());
        assert_eq!(fixed(&expired), [Merchant, TimeLimit]);
    }
}

//! Why Alipay's gateway is asked about an order.

closed_set! {
    /// `gateway_query.why`.
    pub enum QueryReason {
        /// Not paid for some time.
        Unpaid,
        /// Paid, and no message came for long.
        Silent,
        /// Its time to pay is over.
        Expired,
        /// A trade was closed after its payment: where is the money?
        InDoubt,
        /// A trade can still be paid although the order's time is over.
        OpenTooLate,
        /// Goods wait until the gateway has confirmed the payment.
        Confirm,
        /// The order is paid here, and the gateway has answered once that it is not.
        NotAtAlipay,
        /// The buyer came back from Alipay.
        ReturnPage,
        /// An operator asks.
        Ops,
        /// A refund was asked for.
        Refund,
        /// A message about an expiry has no row.
        Expiry,
        /// An answer of the gateway has no row.
        Answer,
        /// A [`Doubt`](crate::Doubt): the form has a second reading.
        AmbiguousForm,
        /// A doubt: paid, and no time says when.
        UndatedPayment,
        /// A doubt: older than Alipay's last repeat.
        OutdatedNotification,
        /// A doubt: money of an unpaid trade.
        ContradictoryNotification,
        /// Any other program asks.
        Request,
    }
}

impl QueryReason {
    /// Reads a message or a row. A word that this version does not know is a [`QueryReason::Request`].
    pub fn read(word: &str) -> QueryReason {
        word.parse().unwrap_or(QueryReason::Request)
    }

    /// The sweeper found the order by its age. No person waits for the answer.
    pub fn is_routine(self) -> bool {
        use QueryReason::{Expired, InDoubt, Silent, Unpaid};
        matches!(self, Unpaid | Silent | InDoubt | Expired)
    }
}

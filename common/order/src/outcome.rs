//! What becomes of a message: the words of the inbox and of dead letters.

closed_set! {
    /// `notification.outcome`: the result of the latest run of a message.
    pub enum MessageOutcome {
        /// It changed something.
        Applied,
        /// Everything in it was known.
        Unchanged,
        /// It was dead-lettered; `reason` and `error` say why.
        Rejected,
        /// A trade status that this version does not know.
        Unknown,
    }
}

impl MessageOutcome {
    /// A worker has read the message and applied what it says.
    pub fn is_worked_on(self) -> bool {
        matches!(self, MessageOutcome::Applied | MessageOutcome::Unchanged)
    }
}

closed_set! {
    /// Why a worker rejects a message: `reason` of a dead letter and of an inbox row. Where the protocol is broken, the
    /// reason is the code of an error of the crate `alipay` instead.
    #[expect(missing_docs, reason = "docs/troubleshooting.md explains each under its word")]
    pub enum RejectionReason {
        // The message cannot be read.
        NoEnvelope,
        UnknownPublisher,
        UnknownMerchant,
        TooLarge,
        BadForm,
        NotThisMerchant,
        UnknownCharset,
        UnreadableRequest,
        // It does not belong to the order that it names.
        MerchantMismatch,
        TotalMismatch,
        SellerMismatch,
        AppMismatch,
        CurrencyMismatch,
        TradeOlderThanOrder,
        RefundAboveTotal,
        OrderNotFound,
        TradeOfAnotherOrder,
        // It does not fit what was asked or decided.
        AnswerForAnotherOrder,
        RefundNotConfirmed,
        RefundAnswerMismatch,
        DecisionWithoutRow,
        UnknownReview,
        ImpossibleDecision,
        // Working on it fails.
        UnusableData,
        DatabaseRefuses,
        KillsWorkers,
    }
}

closed_set! {
    /// `notification.reason` of a message that counts: what is odd about it. A [`Doubt`](crate::Doubt) is odd, too.
    pub enum Remark {
        /// `success_num` of a batch refund contradicts its items.
        SuccessNumDiffers,
        /// No order knows the trade of a refund yet.
        ParkedRefund,
        /// No order took the payment, and an operator has given it back.
        RejectedPaymentGivenBack,
    }
}

//! What can be wrong with an order, by name.

use std::fmt;

use serde::{Serialize, Serializer};

/// A gap between what the facts say and what the database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum GapKind {
    MoneyAndGoodsDiffer,
    NotDelivered,
    NotTakenBack,
    NotCancelled,
    GoodsWithoutPayment,
    GoodsNotOnRecord,
    NotReallyReturned,
    UnitsDiffer,
    AnotherProduct,
    CodeGivenTwice,
    CodeWithoutOrder,
    CodeStillForSale,
    RefundNotCounted,
    RefundTotalDiffers,
    RefundAboveTotal,
    NotificationWithoutTrade,
    WrongStatus,
    WrongTradeStatus,
    WrongRefundStatus,
    WrongRefundedFee,
    WrongTradeNo,
    WrongFinish,
    WrongTimes,
    WrongGoodsFlags,
    WrongNeedsReview,
    ReviewMissing,
    NotAtAlipay,
    TradeOfTwoOrders,
}

/// Every kind with its name and one line of meaning, as help and documentation show them.
pub(crate) const KINDS: [(GapKind, &str, &str); 28] = {
    use GapKind::*;
    [
        (
            MoneyAndGoodsDiffer,
            "money_and_goods_differ",
            "paid minus refunded is not the value of goods out minus goods back",
        ),
        (NotDelivered, "not_delivered", "paid, but the goods are neither delivered nor awaited"),
        (
            NotTakenBack,
            "not_taken_back",
            "refunded in full, but the buyer still has the goods",
        ),
        (
            NotCancelled,
            "not_cancelled",
            "refunded in full or a late payment, but the order still waits for goods",
        ),
        (
            GoodsWithoutPayment,
            "goods_without_payment",
            "the buyer has goods or waits for them, but no trade is paid",
        ),
        (
            GoodsNotOnRecord,
            "goods_not_on_record",
            "the buyer has a code or an entitlement, but the fulfillment does not record it",
        ),
        (
            NotReallyReturned,
            "not_really_returned",
            "the fulfillment says returned, but the buyer still has a code or an entitlement",
        ),
        (
            UnitsDiffer,
            "units_differ",
            "ordered units, delivered units and the buyer's codes (or entitlement) differ",
        ),
        (
            AnotherProduct,
            "another_product",
            "a code, an entitlement or the fulfillment belongs to a product that was not ordered",
        ),
        (CodeGivenTwice, "code_given_twice", "the buyers of two orders have the same code"),
        (CodeWithoutOrder, "code_without_order", "a code names an order that does not exist"),
        (
            CodeStillForSale,
            "code_still_for_sale",
            "a code names an order but is still available",
        ),
        (
            RefundNotCounted,
            "refund_not_counted",
            "a successful refund is recorded, but its trade does not count it",
        ),
        (
            RefundTotalDiffers,
            "refund_total_differs",
            "the trade's refunded_fee is not the sum of its refunds",
        ),
        (
            RefundAboveTotal,
            "refund_above_total",
            "more than the order's total was refunded, and no review was opened",
        ),
        (
            NotificationWithoutTrade,
            "notification_without_trade",
            "a notification was applied, but its trade does not exist",
        ),
        (
            WrongStatus,
            "wrong_status",
            "user_order.status does not agree with the trades (and expired_at)",
        ),
        (
            WrongTradeStatus,
            "wrong_trade_status",
            "user_order.trade_status does not agree with the trades",
        ),
        (
            WrongRefundStatus,
            "wrong_refund_status",
            "user_order.refund_status does not agree with the trades",
        ),
        (
            WrongRefundedFee,
            "wrong_refunded_fee",
            "user_order.refunded_fee does not agree with the trades",
        ),
        (
            WrongTradeNo,
            "wrong_trade_no",
            "user_order.trade_no is not the trade that determines the order's state",
        ),
        (WrongFinish, "wrong_finish", "user_order.is_finish does not agree with the trades"),
        (
            WrongTimes,
            "wrong_times",
            "paid_dtime, refund_dtime or finish_dtime does not agree with the trades",
        ),
        (
            WrongGoodsFlags,
            "wrong_goods_flags",
            "is_send_goods or is_return_goods does not agree with the fulfillment",
        ),
        (
            WrongNeedsReview,
            "wrong_needs_review",
            "user_order.needs_review does not say whether a review is open",
        ),
        (ReviewMissing, "review_missing", "the order needs a review, but none was opened"),
        (
            NotAtAlipay,
            "not_at_alipay",
            "paid here but not at Alipay, and nobody has decided about it",
        ),
        (
            TradeOfTwoOrders,
            "trade_of_two_orders",
            "two orders name the same trade: Alipay's numbers are unique",
        ),
    ]
};

impl GapKind {
    /// The word in the output.
    pub(crate) fn name(self) -> &'static str {
        let known = KINDS.iter().find(|(kind, _, _)| *kind == self);
        known.map_or("", |(_, name, _)| name)
    }

    /// All names with their meaning, for the help text.
    pub(crate) fn explained() -> String {
        let lines = KINDS.iter().map(|(_, name, meaning)| format!("  {name:<27} {meaning}\n"));
        format!("Gaps:\n{}", lines.collect::<String>())
    }
}

impl fmt::Display for GapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for GapKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

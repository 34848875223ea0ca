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
        (NotDelivered, "not_delivered", "paid, and the goods are neither delivered nor awaited"),
        (
            NotTakenBack,
            "not_taken_back",
            "refunded in full, and the goods are still with the buyer",
        ),
        (
            NotCancelled,
            "not_cancelled",
            "refunded in full or late money, and the order still waits for goods",
        ),
        (
            GoodsWithoutPayment,
            "goods_without_payment",
            "goods are with the buyer or awaited, and no trade is paid",
        ),
        (
            GoodsNotOnRecord,
            "goods_not_on_record",
            "the buyer has a code or an entitlement, and the fulfillment does not say so",
        ),
        (
            NotReallyReturned,
            "not_really_returned",
            "the fulfillment says returned, and the buyer still has a code or an entitlement",
        ),
        (
            UnitsDiffer,
            "units_differ",
            "units ordered, units given and codes (or the entitlement) with the buyer differ",
        ),
        (
            AnotherProduct,
            "another_product",
            "a code, an entitlement or the fulfillment is of a product that was not ordered",
        ),
        (CodeGivenTwice, "code_given_twice", "the same code is with the buyers of two orders"),
        (CodeWithoutOrder, "code_without_order", "a code names an order that does not exist"),
        (
            CodeStillForSale,
            "code_still_for_sale",
            "a code names an order and is available to the next one",
        ),
        (
            RefundNotCounted,
            "refund_not_counted",
            "a successful refund is on record, and its trade does not count it",
        ),
        (
            RefundTotalDiffers,
            "refund_total_differs",
            "the trade's refunded_fee is not what its refunds come to",
        ),
        (
            RefundAboveTotal,
            "refund_above_total",
            "more was refunded than the order's total, and nobody was told",
        ),
        (
            NotificationWithoutTrade,
            "notification_without_trade",
            "a notification was applied, and its trade is not there",
        ),
        (
            WrongStatus,
            "wrong_status",
            "user_order.status is not what the trades (and expired_at) say",
        ),
        (
            WrongTradeStatus,
            "wrong_trade_status",
            "user_order.trade_status is not what the trades say",
        ),
        (
            WrongRefundStatus,
            "wrong_refund_status",
            "user_order.refund_status is not what the trades say",
        ),
        (
            WrongRefundedFee,
            "wrong_refunded_fee",
            "user_order.refunded_fee is not what the trades say",
        ),
        (
            WrongTradeNo,
            "wrong_trade_no",
            "user_order.trade_no is not the trade that the order goes by",
        ),
        (WrongFinish, "wrong_finish", "user_order.is_finish is not what the trades say"),
        (
            WrongTimes,
            "wrong_times",
            "paid_dtime, refund_dtime or finish_dtime is not what the trades say",
        ),
        (
            WrongGoodsFlags,
            "wrong_goods_flags",
            "is_send_goods or is_return_goods is not what the fulfillment says",
        ),
        (
            WrongNeedsReview,
            "wrong_needs_review",
            "user_order.needs_review is not whether a review is open",
        ),
        (ReviewMissing, "review_missing", "the order calls for a review that nobody was given"),
        (
            NotAtAlipay,
            "not_at_alipay",
            "paid here and not at Alipay, and nobody has decided about it",
        ),
        (
            TradeOfTwoOrders,
            "trade_of_two_orders",
            "one trade is said to have paid two orders: Alipay's numbers are unique",
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

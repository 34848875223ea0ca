//! What can be wrong with an order, by name.

use order::VariantArray as _;
use serde::Serialize;
use strum::EnumMessage as _;

/// A gap between what the facts say and what the database holds. The help text and the report show the comment of a kind
/// as its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[derive(Serialize, strum::Display, strum::EnumMessage, strum::IntoStaticStr, strum::VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum GapKind {
    /// paid minus refunded is not the value of goods out minus goods back
    MoneyAndGoodsDiffer,
    /// paid, but the goods are neither delivered nor awaited
    NotDelivered,
    /// refunded in full, but the buyer still has the goods
    NotTakenBack,
    /// refunded in full or a late payment, but the order still waits for goods
    NotCancelled,
    /// the buyer has goods or waits for them, but no trade is paid
    GoodsWithoutPayment,
    /// the buyer has a code or an entitlement, but the fulfillment does not record it
    GoodsNotOnRecord,
    /// the fulfillment says returned, but the buyer still has a code or an entitlement
    NotReallyReturned,
    /// ordered units, delivered units and the buyer's codes (or entitlement) differ
    UnitsDiffer,
    /// a code, an entitlement or the fulfillment belongs to a product that was not ordered
    AnotherProduct,
    /// the buyers of two orders have the same code
    CodeGivenTwice,
    /// a code names an order that does not exist
    CodeWithoutOrder,
    /// a code names an order but is still available
    CodeStillForSale,
    /// a successful refund is recorded, but its trade does not count it
    RefundNotCounted,
    /// the trade's refunded_fee is not the sum of its refunds
    RefundTotalDiffers,
    /// more than the order's total was refunded, and no review was opened
    RefundAboveTotal,
    /// a notification was applied, but its trade does not exist
    NotificationWithoutTrade,
    /// user_order.status does not agree with the trades (and expired_at)
    WrongStatus,
    /// user_order.trade_status does not agree with the trades
    WrongTradeStatus,
    /// user_order.refund_status does not agree with the trades
    WrongRefundStatus,
    /// user_order.refunded_fee does not agree with the trades
    WrongRefundedFee,
    /// user_order.trade_no is not the trade that determines the order's state
    WrongTradeNo,
    /// user_order.is_finish does not agree with the trades
    WrongFinish,
    /// paid_dtime, refund_dtime or finish_dtime does not agree with the trades
    WrongTimes,
    /// is_send_goods or is_return_goods does not agree with the fulfillment
    WrongGoodsFlags,
    /// user_order.needs_review does not say whether a review is open
    WrongNeedsReview,
    /// the order needs a review, but none was opened
    ReviewMissing,
    /// paid here but not at Alipay, and nobody has decided about it
    NotAtAlipay,
    /// two orders name the same trade: Alipay's numbers are unique
    TradeOfTwoOrders,
}

impl GapKind {
    /// The word in the output.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// What it means, in a line.
    pub(crate) fn meaning(self) -> &'static str {
        self.get_documentation().unwrap_or_default()
    }

    /// All kinds with their meaning, for the help text.
    pub(crate) fn explained() -> String {
        let lines =
            GapKind::VARIANTS.iter().map(|kind| format!("  {kind:<27} {}\n", kind.meaning()));
        format!("Gaps:\n{}", lines.collect::<String>())
    }
}

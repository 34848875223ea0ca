//! What can be wrong with an order, by name.

use order::VariantArray as _;
use serde::Serialize;
use strum::EnumMessage as _;

/// A gap between what the facts say and what the database holds. The help text and the report show the comment of a kind
/// as its meaning.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    strum::Display,
    strum::EnumMessage,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(crate) enum GapKind {
    /// paid minus refunded is not the value of goods out minus goods back
    MoneyAndGoodsDiffer,
    /// paid, and the goods are neither delivered nor awaited
    NotDelivered,
    /// refunded in full, and the goods are still with the buyer
    NotTakenBack,
    /// refunded in full or late money, and the order still waits for goods
    NotCancelled,
    /// goods are with the buyer or awaited, and no trade is paid
    GoodsWithoutPayment,
    /// the buyer has a code or an entitlement, and the fulfillment does not say so
    GoodsNotOnRecord,
    /// the fulfillment says returned, and the buyer still has a code or an entitlement
    NotReallyReturned,
    /// units ordered, units given and codes (or the entitlement) with the buyer differ
    UnitsDiffer,
    /// a code, an entitlement or the fulfillment is of a product that was not ordered
    AnotherProduct,
    /// the same code is with the buyers of two orders
    CodeGivenTwice,
    /// a code names an order that does not exist
    CodeWithoutOrder,
    /// a code names an order and is available to the next one
    CodeStillForSale,
    /// a successful refund is on record, and its trade does not count it
    RefundNotCounted,
    /// the trade's refunded_fee is not what its refunds come to
    RefundTotalDiffers,
    /// more was refunded than the order's total, and nobody was told
    RefundAboveTotal,
    /// a notification was applied, and its trade is not there
    NotificationWithoutTrade,
    /// user_order.status is not what the trades (and expired_at) say
    WrongStatus,
    /// user_order.trade_status is not what the trades say
    WrongTradeStatus,
    /// user_order.refund_status is not what the trades say
    WrongRefundStatus,
    /// user_order.refunded_fee is not what the trades say
    WrongRefundedFee,
    /// user_order.trade_no is not the trade that the order goes by
    WrongTradeNo,
    /// user_order.is_finish is not what the trades say
    WrongFinish,
    /// paid_dtime, refund_dtime or finish_dtime is not what the trades say
    WrongTimes,
    /// is_send_goods or is_return_goods is not what the fulfillment says
    WrongGoodsFlags,
    /// user_order.needs_review is not whether a review is open
    WrongNeedsReview,
    /// the order calls for a review that nobody was given
    ReviewMissing,
    /// paid here and not at Alipay, and nobody has decided about it
    NotAtAlipay,
    /// one trade is said to have paid two orders: Alipay's numbers are unique
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

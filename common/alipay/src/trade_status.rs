//! The words of `trade_status` and `refund_status` (docs/protocol.md §8).

use strum::{EnumString, IntoStaticStr};

/// The state of a trade, parameter `trade_status`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum TradeStatus {
    /// `WAIT_BUYER_PAY`: created, not paid.
    WaitBuyerPay,
    /// `TRADE_PENDING`: paid, but the seller's account cannot receive yet.
    TradePending,
    /// `TRADE_SUCCESS`: paid, a refund is still possible; sent again after a refund in part.
    TradeSuccess,
    /// `TRADE_FINISHED`: paid and final; sent instead of `TRADE_SUCCESS` by accounts without
    /// refunds, months later by the others.
    TradeFinished,
    /// `TRADE_CLOSED`: never paid and timed out or closed, or refunded in full.
    TradeClosed,
    /// Any other word, as received.
    #[strum(disabled)]
    Unknown(String),
}

impl TradeStatus {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            TradeStatus::Unknown(word) => word,
            known => known.into(),
        }
    }

    /// Nothing was paid, and the trade waits for its buyer.
    pub fn is_unpaid(&self) -> bool {
        *self == TradeStatus::WaitBuyerPay
    }
}

impl From<String> for TradeStatus {
    fn from(word: String) -> TradeStatus {
        word.parse().unwrap_or(TradeStatus::Unknown(word))
    }
}

/// The state of a refund, parameter `refund_status`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EnumString, IntoStaticStr)]
pub enum RefundStatus {
    /// `REFUND_SUCCESS`: money went back; with `TRADE_CLOSED` all of it, otherwise a part.
    #[strum(serialize = "REFUND_SUCCESS")]
    Success,
    /// `REFUND_CLOSED`: the request for a refund ended without one.
    #[strum(serialize = "REFUND_CLOSED")]
    Closed,
    /// Any other word, as received: the escrow products have some.
    #[strum(disabled)]
    Unknown(String),
}

impl RefundStatus {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            RefundStatus::Unknown(word) => word,
            known => known.into(),
        }
    }
}

impl From<String> for RefundStatus {
    fn from(word: String) -> RefundStatus {
        word.parse().unwrap_or(RefundStatus::Unknown(word))
    }
}

#[cfg(test)]
mod tests {
    use super::{RefundStatus, TradeStatus};

    #[test]
    fn words_come_back() {
        for word in [
            "WAIT_BUYER_PAY",
            "TRADE_PENDING",
            "TRADE_SUCCESS",
            "TRADE_FINISHED",
            "TRADE_CLOSED",
            "WAIT_SELLER_SEND_GOODS",
        ] {
            let status = TradeStatus::from(word.to_owned());
            assert_eq!(status.as_str(), word);
            let unknown = matches!(status, TradeStatus::Unknown(_));
            assert_eq!(unknown, word == "WAIT_SELLER_SEND_GOODS");
        }
        for word in ["REFUND_SUCCESS", "REFUND_CLOSED", "WAIT_SELLER_AGREE"] {
            let status = RefundStatus::from(word.to_owned());
            assert_eq!(status.as_str(), word);
            assert_eq!(matches!(status, RefundStatus::Unknown(_)), word == "WAIT_SELLER_AGREE");
        }
    }
}

//! The words of `trade_status` and `refund_status` (docs/protocol.md §8).

/// The state of a trade, parameter `trade_status`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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
    Unknown(String),
}

impl TradeStatus {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            TradeStatus::WaitBuyerPay => "WAIT_BUYER_PAY",
            TradeStatus::TradePending => "TRADE_PENDING",
            TradeStatus::TradeSuccess => "TRADE_SUCCESS",
            TradeStatus::TradeFinished => "TRADE_FINISHED",
            TradeStatus::TradeClosed => "TRADE_CLOSED",
            TradeStatus::Unknown(word) => word,
        }
    }
}

impl From<String> for TradeStatus {
    fn from(word: String) -> TradeStatus {
        match word.as_str() {
            "WAIT_BUYER_PAY" => TradeStatus::WaitBuyerPay,
            "TRADE_PENDING" => TradeStatus::TradePending,
            "TRADE_SUCCESS" => TradeStatus::TradeSuccess,
            "TRADE_FINISHED" => TradeStatus::TradeFinished,
            "TRADE_CLOSED" => TradeStatus::TradeClosed,
            _ => TradeStatus::Unknown(word),
        }
    }
}

/// The state of a refund, parameter `refund_status`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum RefundStatus {
    /// `REFUND_SUCCESS`: money went back; with `TRADE_CLOSED` all of it, otherwise a part.
    Success,
    /// `REFUND_CLOSED`: the request for a refund ended without one.
    Closed,
    /// Any other word, as received: the escrow products have some.
    Unknown(String),
}

impl RefundStatus {
    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            RefundStatus::Success => "REFUND_SUCCESS",
            RefundStatus::Closed => "REFUND_CLOSED",
            RefundStatus::Unknown(word) => word,
        }
    }
}

impl From<String> for RefundStatus {
    fn from(word: String) -> RefundStatus {
        match word.as_str() {
            "REFUND_SUCCESS" => RefundStatus::Success,
            "REFUND_CLOSED" => RefundStatus::Closed,
            _ => RefundStatus::Unknown(word),
        }
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

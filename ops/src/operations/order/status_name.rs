//! Names for the numbers of the status columns.

use order::OrderStatus;

/// Every order status with its English name.
pub(crate) const ORDER_STATUSES: [(OrderStatus, &str); 6] = [
    (OrderStatus::Placed, "placed"),
    (OrderStatus::Paid, "paid"),
    (OrderStatus::Finished, "finished"),
    (OrderStatus::Closed, "closed"),
    (OrderStatus::Refunded, "refunded"),
    (OrderStatus::RefundClosed, "refund_closed"),
];

/// The English name of a `status`, for scripts and tables.
pub(crate) fn status_name(code: i16) -> &'static str {
    find(code).map_or("unknown", |(_, name)| name)
}

/// The Chinese name of a `status`, which the classic system shows.
pub(crate) fn status_chinese(code: i16) -> &'static str {
    find(code).map_or("未知", |(status, _)| status.chinese())
}

fn find(code: i16) -> Option<(OrderStatus, &'static str)> {
    ORDER_STATUSES.into_iter().find(|(status, _)| status.code() == code)
}

/// Reads a status as an operator writes it: the number or the English name.
pub(crate) fn parse_status(text: &str) -> Result<i16, String> {
    ORDER_STATUSES
        .iter()
        .map(|(status, name)| (status.code(), *name))
        .find(|(code, name)| *name == text || code.to_string() == text)
        .map(|(code, _)| code)
        .ok_or_else(|| {
            let known: Vec<String> = ORDER_STATUSES
                .iter()
                .map(|(status, name)| format!("{} {name}", status.code()))
                .collect();
            format!("expected one of: {}", known.join(", "))
        })
}

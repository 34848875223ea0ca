//! Names for the numbers of the status columns.

use order::{OrderStatus, VariantArray as _};

/// The English name of a `status`, for scripts and tables.
pub(crate) fn status_name(code: i16) -> &'static str {
    OrderStatus::from_code(code).map_or("unknown", OrderStatus::as_str)
}

/// The Chinese name of a `status`, which the classic system shows.
pub(crate) fn status_chinese(code: i16) -> &'static str {
    OrderStatus::from_code(code).map_or("未知", OrderStatus::chinese)
}

/// Reads a status as an operator writes it: the number or the English name.
pub(crate) fn parse_status(text: &str) -> Result<i16, String> {
    let by_number = text.parse().ok().and_then(OrderStatus::from_code);
    let status = by_number.or_else(|| text.parse().ok()).ok_or_else(|| {
        let known = OrderStatus::VARIANTS.iter().map(|it| format!("{} {}", it.code(), it.as_str()));
        format!("expected one of: {}", known.collect::<Vec<_>>().join(", "))
    })?;
    Ok(status.code())
}

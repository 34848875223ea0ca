//! One order: everything that is known of it, its history, what to do next, and orders of an old system.

pub(crate) mod account;
pub(crate) mod amend;
pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod csv;
pub(crate) mod details;
pub(crate) mod fact_list;
pub(crate) mod import;
pub(crate) mod import_file;
pub(crate) mod missing;
pub(crate) mod next_step;
pub(crate) mod status_name;
pub(crate) mod story;
pub(crate) mod undelivered;

use alipay::{Fen, check_number};
use config::Config;
use serde::Serialize;
use service::invisible;

use order::{ImplausibleLimit, OrderStatus, PaymentState};
use store::{BeijingTime, MysqlConnection, user_order};

use self::status_name::status_name;
use crate::failure::Failure;

/// A row of `user_order` with the name of its status, as it is printed everywhere.
#[derive(Serialize)]
pub(crate) struct OrderLine {
    #[serde(flatten)]
    pub(crate) row: user_order::OrderRow,
    pub(crate) status_name: &'static str,
}

impl From<user_order::OrderRow> for OrderLine {
    fn from(row: user_order::OrderRow) -> OrderLine {
        OrderLine { status_name: status_name(row.status), row }
    }
}

/// The order with this id, or that there is none.
pub(crate) fn find(
    connection: &mut MysqlConnection,
    id: &str,
) -> Result<user_order::OrderRow, Failure> {
    user_order::find(connection, id)?.ok_or_else(|| missing_order(id))
}

/// That there is no such order.
pub(crate) fn missing_order(id: &str) -> Failure {
    Failure::NotFound(format!("there is no order {id}"))
}

/// The status of a row; none is one that this version does not know.
pub(crate) fn status(row: &user_order::OrderRow) -> Option<OrderStatus> {
    OrderStatus::from_code(row.status)
}

/// Whether an order is paid; none where this version does not know its status.
pub(crate) fn payment(row: &user_order::OrderRow) -> Option<PaymentState> {
    PaymentState::of_codes(row.status, row.trade_status, row.is_finish)
}

/// Until when an order can be paid, or why its limit does not count, by the configuration of its merchant: as workers
/// judge it.
pub(crate) type TimeLimit = Result<Option<BeijingTime>, ImplausibleLimit>;

/// That of a row.
pub(crate) fn time_limit(row: &user_order::OrderRow, config: &Config) -> TimeLimit {
    let longest = config.longest_time_to_pay(&row.merchant);
    let end = row.expires_at.map(|end| end.0);
    order::time_limit(row.created_at.0, end, longest).map(|end| end.map(BeijingTime))
}

/// An error unless the order waits for its payment; `so` is what follows from that.
pub(crate) fn check_unpaid(row: &user_order::OrderRow, so: &str) -> Result<(), Failure> {
    let word = match payment(row) {
        Some(PaymentState::Unpaid) => return Ok(()),
        // The buyer has paid already.
        Some(PaymentState::Pending) => "paid, and Alipay holds the money (TRADE_PENDING)",
        _ => status_name(row.status),
    };
    Err(Failure::Refused(format!("order {} is {word}: {so}", row.id)))
}

/// Reads the id of an order or a product: what Alipay takes as `out_trade_no` and the tables hold.
pub(crate) fn parse_id(text: &str) -> Result<String, String> {
    let number = check_number(text).map(|()| text.to_owned());
    number.map_err(|problem| format!("it has {} bytes: {problem}", text.len()))
}

/// Reads the id of a new order; invisible characters are refused, since nobody could type them again.
pub(crate) fn parse_new_id(text: &str) -> Result<String, String> {
    let id = parse_id(text)?;
    invisible::check_typed(&id)?;
    if id.trim() != id {
        return Err("it begins or ends with a blank".to_owned());
    }
    Ok(id)
}

/// Reads an amount in yuan.
pub(crate) fn parse_amount(text: &str) -> Result<Fen, String> {
    match Fen::parse(text) {
        Ok(amount) if amount > Fen::new(0) => Ok(amount),
        Ok(_) => Err("expected an amount above zero".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Reads the account that a subscription is granted to.
pub(crate) fn parse_account(text: &str) -> Result<String, String> {
    invisible::check_typed(text)?;
    bounded(text, 255)
}

/// Reads the title of an order.
pub(crate) fn parse_subject(text: &str) -> Result<String, String> {
    invisible::check_shown(text)?;
    bounded(text, 256)
}

fn bounded(text: &str, most: usize) -> Result<String, String> {
    match text.chars().count() {
        length if length > most => Err(format!("it has {length} characters, at most {most} fit")),
        _ => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_id;

    #[test]
    fn ids_are_1_to_64_bytes_without_control_characters() {
        assert!(parse_id("A-1001").is_ok());
        assert!(parse_id(&"x".repeat(64)).is_ok());
        assert!(parse_id("").is_err());
        assert!(parse_id(&"x".repeat(65)).is_err());
        // 22 characters of 3 bytes.
        assert!(parse_id(&"单".repeat(22)).is_err());
        assert!(parse_id("a\tb").is_err());
    }
}

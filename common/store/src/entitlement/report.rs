//! Subscriptions by account: until when, and what made it so.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use serde::Serialize;

use crate::column::Moment;
use crate::typed_sql::static_sql;
use crate::{BeijingTime, MysqlConnection, Result};

/// The subscription that an account has to a product.
#[derive(Debug, Clone, Queryable, Serialize)]
pub struct Subscription {
    /// Whom it belongs to.
    pub account: String,
    /// The product.
    pub product_id: String,
    /// Until when, by all orders that the account has paid; none where they were taken back meanwhile.
    pub until: Option<BeijingTime>,
    /// How many orders are part of it.
    pub orders: i64,
}

/// Subscriptions by account and product, at most `limit` behind the account and product `after`: of the account that is
/// `account` or begins with it.
pub fn subscriptions(
    connection: &mut MysqlConnection,
    account: &str,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<Subscription>> {
    let listed: Vec<(String, String, i64)> = static_sql(
        "SELECT account, product_id, COUNT(*) FROM entitlement \
         WHERE account LIKE ? AND account >= ? AND (account, product_id) > (?, ?) \
         GROUP BY account, product_id ORDER BY account, product_id LIMIT ?",
    )
    .text(begins(account))
    .text(after.0)
    .text(after.0)
    .text(after.1)
    .big_int(limit)
    .columns::<(Text, Text, BigInt)>()
    .load(connection)?;
    // One by one: a view of window functions is read for one account and product, and not for all at once.
    let whole = |(account, product_id, orders): (String, String, i64)| {
        let until =
            static_sql("SELECT ends_at FROM entitlement_end WHERE account = ? AND product_id = ?")
                .text(&account)
                .text(&product_id)
                .columns::<Nullable<Moment>>()
                .get_result(connection)
                .optional()?
                .flatten();
        Ok(Subscription { account, product_id, until, orders })
    };
    listed.into_iter().map(whole).collect()
}

/// The pattern of what begins with a text.
fn begins(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// An order that extended a subscription, and that may have shortened it again.
#[derive(Debug, Clone, QueryableByName, Serialize)]
pub struct SubscriptionOrder {
    /// The order.
    #[diesel(sql_type = Text)]
    pub order_id: String,
    /// The product.
    #[diesel(sql_type = Text)]
    pub product_id: String,
    /// By how many days.
    #[diesel(sql_type = BigInt)]
    pub days: i64,
    /// How many of them still count; none where they were taken back.
    #[diesel(sql_type = Nullable<Integer>)]
    pub days_granted: Option<i32>,
    /// The payment.
    #[diesel(sql_type = Nullable<Moment>)]
    pub starts_at: Option<BeijingTime>,
    /// When it was taken back.
    #[diesel(sql_type = Nullable<Moment>)]
    pub returned_at: Option<BeijingTime>,
}

/// The orders of exactly this account, the latest payment first, at most `limit`.
pub fn of_account(
    connection: &mut MysqlConnection,
    account: &str,
    limit: i64,
) -> Result<Vec<SubscriptionOrder>> {
    Ok(static_sql(include_str!("of_account.sql")).text(account).big_int(limit).load(connection)?)
}

#[cfg(test)]
mod tests {
    use super::begins;

    #[test]
    fn a_pattern_finds_its_text_as_it_is() {
        assert_eq!(begins("li_%\\"), "li\\_\\%\\\\%");
        assert_eq!(begins(""), "%");
    }
}

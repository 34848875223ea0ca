//! What a shop writes, what a worker locks and writes.

use std::slice;
use std::time::Duration;

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use order::{OrderRecord, OrderState, OrderStatus, OrderTerms, RefundStatusCode, TradeStatusCode};

use crate::bulk::{BulkRow, Values, write_rows};
use crate::column::{ColumnsOf, EnumNumber, Moment, Money, Value, after};
use crate::json_rows::{load_columns, microseconds};
use crate::schema::{entitlement, user_order};
use crate::user_order::terms::TermsRow;
use crate::{MysqlConnection, Result};

/// An order that this transaction has locked.
#[derive(Debug, Clone)]
pub struct LockedOrder {
    /// What the shop wrote.
    pub terms: OrderTerms,
    /// Whom a subscription belongs to.
    pub account: String,
    /// The product sold.
    pub product_id: String,
    /// Units.
    pub quantity: i32,
    /// An open review exists.
    pub needs_review: bool,
    /// When Alipay said, after the order's time, that there is nothing to close.
    pub expired_at: Option<DateTime<Utc>>,
}

/// Its columns in the order in which `lock.sql` names them.
#[derive(Queryable, Selectable)]
#[diesel(table_name = user_order)]
struct LockedRow {
    #[diesel(embed)]
    terms: TermsRow,
    account: String,
    product_id: String,
    quantity: i32,
    expired_at: Option<DateTime<Utc>>,
    needs_review: bool,
}

/// Locks the orders with these ids, sorted, and leaves out those that another transaction has locked and
/// those that do not exist (or are not committed yet): neither is waited for.
pub fn lock(connection: &mut MysqlConnection, sorted_ids: &[&str]) -> Result<Vec<LockedOrder>> {
    let rows: Vec<LockedRow> = load_columns::<ColumnsOf<LockedRow>, _, _>(
        connection,
        include_str!("lock.sql"),
        sorted_ids,
    )?;
    Ok(rows
        .into_iter()
        .map(|row| LockedOrder {
            terms: row.terms.into(),
            account: row.account,
            product_id: row.product_id,
            quantity: row.quantity,
            needs_review: row.needs_review,
            expired_at: row.expired_at,
        })
        .collect())
}

/// The result of naming an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedAccount {
    /// The order names it now.
    Done,
    /// There is no such order.
    NoOrder,
    /// The subscription belongs to an account already.
    Granted {
        /// Whom.
        to: String,
    },
}

/// Names the account that an order is for, unless its subscription has been granted. Under the order's lock,
/// since a worker may be granting it.
pub fn name_account(
    connection: &mut MysqlConnection,
    id: &str,
    account: &str,
) -> Result<NamedAccount> {
    connection.transaction(|connection| {
        // The lock of the order first, as everybody takes it.
        let order = user_order::table
            .left_join(entitlement::table.on(entitlement::order_id.eq(user_order::id)))
            .filter(user_order::id.eq(id))
            .select(entitlement::account.nullable());
        match order.for_update().get_result::<Option<String>>(connection).optional()? {
            None => Ok(NamedAccount::NoOrder),
            Some(Some(to)) => Ok(NamedAccount::Granted { to }),
            Some(None) => {
                diesel::update(user_order::table.find(id))
                    .set(user_order::account.eq(account))
                    .execute(connection)?;
                Ok(NamedAccount::Done)
            }
        }
    })
}

/// Which of these orders are committed, locked or not.
pub fn existing(connection: &mut MysqlConnection, ids: &[&str]) -> Result<Vec<String>> {
    load_columns::<Text, _, _>(connection, include_str!("existing.sql"), ids)
}

/// The computed columns of one order: they follow from what is known of it, and from its `state`.
#[derive(Debug)]
pub struct OrderColumns<'a> {
    /// What is known.
    pub record: &'a OrderRecord,
    /// What follows.
    pub state: &'a OrderState,
    /// An open review exists.
    pub needs_review: bool,
}

impl BulkRow for OrderColumns<'_> {
    fn bind<'b>(&'b self, values: &mut Values<'_, '_, 'b>) -> QueryResult<()> {
        let OrderColumns { record, state, needs_review } = *self;
        values.push::<Nullable<Text>, _>(&state.trade_no)?;
        values.push::<EnumNumber<OrderStatus>, _>(&state.status)?;
        values.push::<EnumNumber<TradeStatusCode>, _>(&state.trade_status)?;
        values.push::<EnumNumber<RefundStatusCode>, _>(&state.refund_status)?;
        values.push::<Money, _>(&state.refunded_fee)?;
        values.push_all::<Nullable<Moment>, _>([
            &state.refund_dtime,
            &state.refund_finish_dtime,
            &state.notify_dtime,
            &state.paid_dtime,
            &state.confirm_dtime,
            &state.finish_dtime,
        ])?;
        state.parties.bind(values)?;
        let goods = [record.goods_are_out(), record.goods_are_back()];
        values.push_flags(goods.into_iter().chain([state.is_finish, needs_review]))?;
        values.push::<Nullable<Moment>, _>(&record.expired_at)?;
        values.push::<Text, _>(&record.terms.id)
    }
}

/// Fewer orders than this are written one by one: the statement over several makes two temporary tables on the server's disk, which
/// cost it as much as a dozen statements.
const FEW: usize = 16;

/// Writes the computed columns of locked orders.
pub fn update(connection: &mut MysqlConnection, orders: &[OrderColumns<'_>]) -> Result<()> {
    let (many, few) = orders.split_at(orders.len() - orders.len() % FEW);
    write_rows(connection, include_str!("update.sql"), many)?;
    for order in few {
        write_rows(connection, include_str!("update_one.sql"), slice::from_ref(order))?;
    }
    Ok(())
}

/// What a shop writes when it places an order.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = user_order)]
pub struct NewOrder<'a> {
    /// `out_trade_no`: 1 to 64 bytes.
    pub id: &'a str,
    /// Name of the merchant in the configuration.
    pub merchant: &'a str,
    /// Whom a subscription belongs to; '' otherwise.
    pub account: &'a str,
    /// The product sold.
    pub product_id: &'a str,
    /// Units.
    pub quantity: i32,
    /// Title.
    pub subject: &'a str,
    /// Amount, fen.
    #[diesel(serialize_as = Value<Fen>)]
    pub total_fee: Fen,
    /// For how long it can be paid, by the database's clock; `None`: the default of the column, which
    /// is forever unless the shop has changed it.
    #[diesel(skip_insertion)]
    pub expires_after: Option<Duration>,
}

/// Places an order.
///
/// # Errors
/// What the database says: a unique violation when the number is taken.
pub fn insert(connection: &mut MysqlConnection, order: &NewOrder<'_>) -> Result<()> {
    let expires_at = order
        .expires_after
        .map(|after_now| user_order::expires_at.eq(after(microseconds(after_now)).nullable()));
    diesel::insert_into(user_order::table)
        .values((order.clone(), expires_at))
        .execute(connection)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::typed_sql::tests::assert_same_columns;

    #[test]
    fn both_statements_take_the_same_columns_in_the_same_order() {
        let several = include_str!("update.sql");
        let (names, rest) = several.split_once("-- for each row").unwrap();
        let names: Vec<&str> = names
            .split("NULL AS ")
            .skip(1)
            .map(|name| name.split([',', ' ']).next().unwrap())
            .collect();
        let of_one = include_str!("update_one.sql").lines();
        let of_one: Vec<&str> = of_one
            .filter_map(|line| Some(line.strip_prefix("    ")?.split_once(" = ?")?.0))
            .collect();
        assert_eq!(names, of_one);
        for name in names {
            let is_set = [format!("o.{name} = v.{name},"), format!("o.{name} = CONCAT(v.{name}),")];
            assert!(is_set.iter().any(|set| rest.contains(set)), "{name} is not set");
        }
    }

    #[test]
    fn the_lock_names_the_columns_in_the_order_of_the_row() {
        let row = user_order::table.select(LockedRow::as_select());
        assert_same_columns(include_str!("lock.sql"), &row);
    }
}

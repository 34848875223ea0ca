//! Table `amendment`: what people changed of the terms of orders, and what waits for a second person.

use alipay::Fen;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use order::{AmendmentState, FulfillmentState};
use serde::Serialize;

use crate::column::{Deadline, last_insert_id, now, value};
use crate::schema::{amendment, fulfillment, gateway_query, order_expired, user_order};
use crate::{BeijingTime, MysqlConnection, Result};

/// The terms of an order that can be amended.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = user_order)]
pub struct AmendableTerms {
    /// Fen.
    pub total_fee: Fen,
    /// The product sold.
    pub product_id: String,
    /// Name of the merchant.
    pub merchant: String,
    /// Until when it can be paid.
    #[diesel(deserialize_as = Deadline)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Locks an order, waiting for other transactions, and reads its terms; none where there is no such order.
pub fn lock_terms(
    connection: &mut MysqlConnection,
    order_id: &str,
) -> Result<Option<AmendableTerms>> {
    let order = user_order::table.find(order_id).select(AmendableTerms::as_select());
    Ok(order.for_update().first(connection).optional()?)
}

/// Writes the terms of an order that this transaction has locked. Goods that wait for stock wait for that of the product then.
pub fn write_terms(
    connection: &mut MysqlConnection,
    order_id: &str,
    before: &AmendableTerms,
    terms: &AmendableTerms,
) -> Result<()> {
    diesel::update(user_order::table.find(order_id))
        .set((
            user_order::total_fee.eq(value(terms.total_fee)),
            user_order::product_id.eq(&terms.product_id),
            user_order::merchant.eq(&terms.merchant),
            user_order::expires_at.eq(terms.expires_at),
        ))
        .execute(connection)?;
    let waiting = fulfillment::table
        .find(order_id)
        .filter(fulfillment::state.eq(value(FulfillmentState::AwaitingStock)));
    diesel::update(waiting)
        .set(fulfillment::product_id.eq(&terms.product_id))
        .execute(connection)?;
    if before.merchant != terms.merchant {
        forget_answers(connection, order_id)?;
    }
    Ok(())
}

/// The gateway of another merchant was asked about the order: neither its next question nor what it said of the order's end counts.
fn forget_answers(connection: &mut MysqlConnection, order_id: &str) -> Result<()> {
    diesel::delete(gateway_query::table.find(order_id)).execute(connection)?;
    let open = order_expired::table
        .filter(order_expired::order_id.eq(order_id))
        .filter(order_expired::ended_at.is_null());
    diesel::update(open).set(order_expired::ended_at.eq(now().nullable())).execute(connection)?;
    Ok(())
}

/// An amendment that is written now.
#[derive(Debug, Clone, Copy)]
pub struct NewAmendment<'a> {
    /// The order.
    pub order_id: &'a str,
    /// Applied, or waiting for a second person.
    pub state: AmendmentState,
    /// JSON: the terms before.
    pub before: &'a str,
    /// JSON: the terms after.
    pub after: &'a str,
    /// Why.
    pub reason: &'a str,
    /// Who.
    pub by: &'a str,
    /// The dead letters that are replayed then: `all`, or an id.
    pub replay: Option<&'a str>,
}

/// Writes it. Returns its number.
pub fn insert(connection: &mut MysqlConnection, new: &NewAmendment<'_>) -> Result<i64> {
    diesel::insert_into(amendment::table)
        .values((
            amendment::order_id.eq(new.order_id),
            amendment::state.eq(value(new.state)),
            amendment::before.eq(new.before),
            amendment::after.eq(new.after),
            amendment::reason.eq(new.reason),
            amendment::proposed_by.eq(new.by),
            amendment::replay.eq(new.replay),
        ))
        .execute(connection)?;
    Ok(last_insert_id(connection)?)
}

/// An amendment, as an operator reads it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Serialize)]
#[diesel(table_name = amendment)]
#[expect(missing_docs, reason = "the columns of the table, which its migration explains")]
pub struct AmendmentRow {
    pub id: i64,
    pub order_id: String,
    pub state: AmendmentState,
    pub before: String,
    pub after: String,
    pub reason: String,
    pub replay: Option<String>,
    pub proposed_by: String,
    pub proposed_at: BeijingTime,
    pub decided_by: Option<String>,
    pub decided_at: Option<BeijingTime>,
}

/// Locks one amendment; its order is locked before.
pub fn lock(connection: &mut MysqlConnection, id: i64) -> Result<Option<AmendmentRow>> {
    let row = amendment::table.find(id).select(AmendmentRow::as_select());
    Ok(row.for_update().first(connection).optional()?)
}

/// One amendment.
pub fn find(connection: &mut MysqlConnection, id: i64) -> Result<Option<AmendmentRow>> {
    let row = amendment::table.find(id).select(AmendmentRow::as_select());
    Ok(row.first(connection).optional()?)
}

/// Writes down what a second person decided.
pub fn decide(
    connection: &mut MysqlConnection,
    id: i64,
    state: AmendmentState,
    by: &str,
) -> Result<()> {
    diesel::update(amendment::table.find(id))
        .set((
            amendment::state.eq(value(state)),
            amendment::decided_by.eq(by),
            amendment::decided_at.eq(now().nullable()),
        ))
        .execute(connection)?;
    Ok(())
}

/// The amendments of an order, the oldest first.
pub fn of_order(connection: &mut MysqlConnection, order_id: &str) -> Result<Vec<AmendmentRow>> {
    Ok(amendment::table
        .filter(amendment::order_id.eq(order_id))
        .order(amendment::id)
        .select(AmendmentRow::as_select())
        .load(connection)?)
}

/// The latest amendments first, at most `limit`; only those that wait for a second person where `open` is set.
pub fn list(connection: &mut MysqlConnection, open: bool, limit: i64) -> Result<Vec<AmendmentRow>> {
    let mut query = amendment::table
        .order(amendment::id.desc())
        .limit(limit)
        .select(AmendmentRow::as_select())
        .into_boxed();
    if open {
        query = query.filter(amendment::state.eq(value(AmendmentState::Proposed)));
    }
    Ok(query.load(connection)?)
}
